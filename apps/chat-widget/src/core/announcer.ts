import type { ChatEvent } from '@securechat/types/wire'
import type { Thread } from './reduce'
import type { Signals } from './signals'

/** Tells signals of what the events bring, and counts what nobody saw. */
export class Announcer {
  readonly #signals: Signals
  #visible = false
  #unread = 0

  constructor(signals: Signals) {
    this.#signals = signals
  }

  look(visible: boolean): void {
    this.#visible = visible
    if (!visible || this.#unread === 0) return
    this.#unread = 0
    this.#signals.tell('unread', { count: 0 })
  }

  /** `thread` is what the event made of it. */
  announce(event: ChatEvent, thread: Thread): void {
    switch (event.kind) {
      case 'turn-started':
        this.#signals.tell('stream-start', { turnId: event.turn_id })
        break
      case 'turn-ended': {
        this.#signals.tell('stream-end', { turnId: event.turn_id, status: event.status })
        const answer = thread.messages.find(({ id }) => id === event.message_id)
        if (answer?.text || answer?.cards) this.#received(event.message_id)
        break
      }
      case 'message-added':
        if (event.message.author !== 'visitor') this.#received(event.message.id)
    }
  }

  #received(messageId: string): void {
    this.#signals.tell('message-received', { messageId })
    if (this.#visible) return
    this.#unread++
    this.#signals.tell('unread', { count: this.#unread })
  }
}
