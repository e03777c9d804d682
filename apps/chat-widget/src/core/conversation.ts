import type { ChatEvent, Conversation, Rating, Sent } from '@securechat/types/wire'
import { Subscribable } from '@securechat/utils/subscribable'
import { emptyThread, fromConversation, reduce, type Thread, withOlder, withSent } from './reduce'

/**
 * The thread as it stands and the place in the log it stands at. Events may be
 * told twice, late or in two ways; where one was missed the thread says so.
 */
export class Conversing extends Subscribable {
  #thread: Thread = emptyThread
  #cursor = ''
  #loads = 0
  readonly #folded: (event: ChatEvent, thread: Thread) => void

  /** `folded` is called after each event that was news. */
  constructor(folded: (event: ChatEvent, thread: Thread) => void) {
    super()
    this.#folded = folded
  }

  /** The same reference until something changed. */
  get thread(): Thread {
    return this.#thread
  }

  /** Where to follow from. */
  get cursor(): string {
    return this.#cursor
  }

  /** How often a conversation was taken over. */
  get loads(): number {
    return this.#loads
  }

  /** Takes over what the server has. */
  load(fetched: Conversation): void {
    this.#loads++
    this.#cursor = fetched.cursor
    this.#become(fromConversation(fetched))
  }

  /** Folds in an event; null is one whose kind is unknown to us. */
  hear(event: ChatEvent | null, cursor: string): void {
    if (cursor) this.#cursor = cursor
    if (event === null) return
    const after = reduce(this.#thread, event)
    if (after === this.#thread) return
    this.#become(after)
    if (!after.broken) this.#folded(event, after)
  }

  sent(sent: Sent): void {
    this.#become(withSent(this.#thread, sent))
  }

  addOlder(page: Conversation): void {
    this.#become(withOlder(this.#thread, page))
  }

  rate(messageId: string, rating: Rating | undefined): void {
    const messages = this.#thread.messages.map((message) => {
      if (message.id !== messageId) return message
      const { rating: _, ...unrated } = message
      return rating === undefined ? unrated : { ...unrated, rating }
    })
    this.#become({ ...this.#thread, messages })
  }

  clear(): void {
    this.#cursor = ''
    this.#become(emptyThread)
  }

  #become(thread: Thread): void {
    if (thread === this.#thread) return
    this.#thread = thread
    this.notify()
  }
}
