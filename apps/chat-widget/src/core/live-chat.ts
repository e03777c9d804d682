import type { Rating } from '@securechat/types/wire'
import { Failure } from '@securechat/utils/http'
import type { Chat } from './chat'
import { openTurn } from './reduce'
import type { ChatSignals } from './signals'
import { compose } from './standing'
import type { Surroundings } from './surroundings'
import type { View } from './view'
import { Visit } from './visit'

const draftKey = 'draft'
const wideKey = 'wide'

export function createChat(deps: Surroundings): Chat {
  return new LiveChat(deps)
}

/** What a shopper does in a visit, and what they see of it. */
class LiveChat implements Chat {
  readonly #deps: Surroundings
  readonly #visit: Visit
  #view: View | null = null
  #fetchingOlder: Promise<void> | null = null

  constructor(deps: Surroundings) {
    this.#deps = deps
    this.#visit = new Visit(deps)
    this.#visit.subscribe(() => {
      this.#view = null
    })
  }

  readonly subscribe = (listener: () => void): (() => void) => this.#visit.subscribe(listener)

  readonly view = (): View => {
    const { standing, conversing, outbox } = this.#visit
    const online = this.#deps.network.online()
    this.#view ??= compose(standing, conversing.thread, outbox.all(), online)
    return this.#view
  }

  start(): Promise<void> {
    return this.#visit.start()
  }

  send(text: string): void {
    const { standing, outbox, page } = this.#visit
    const trimmed = text.trim()
    if (trimmed === '') return
    const max = standing.site?.features.max_text
    if (max !== undefined && [...trimmed].length > max) {
      this.#visit.become({ notice: { kind: 'too-long', max } })
      return
    }
    // Later than the last one even where the clock stood still, so that the order survives a reload.
    const at = Math.max(Date.now(), (outbox.all().at(-1)?.at ?? 0) + 1)
    outbox.put({ id: this.#deps.newId(), text: trimmed, page, at })
    this.#visit.flush()
  }

  retry(messageId: string): void {
    const { outbox, conversing } = this.#visit
    const unsent = outbox.all().find(({ id }) => id === messageId)
    if (unsent) {
      const { problem, ...again } = unsent
      const id = problem?.code === 'message_conflict' ? this.#deps.newId() : unsent.id
      outbox.drop(unsent.id)
      outbox.put({ ...again, id })
      this.#visit.flush()
      return
    }
    const { messages } = conversing.thread
    const turnId = messages.find(({ id }) => id === messageId)?.turnId
    const question = messages.findLast((m) => m.author === 'visitor' && m.turnId === turnId)
    if (turnId !== undefined && question) this.send(question.text)
  }

  stop(): void {
    const { session, conversing } = this.#visit
    const turn = openTurn(conversing.thread)
    if (!turn) return
    void this.#visit.attempt(async () => {
      try {
        await session.call('POST /session/turns/{id}/stop', { body: undefined, id: turn.id })
      } catch (failure) {
        // It may be over before it can be stopped.
        if (!(failure instanceof Failure && failure.code === 'turn_ended')) throw failure
      }
    })
  }

  rate(messageId: string, rating: Rating): void {
    const { session, conversing } = this.#visit
    const message = conversing.thread.messages.find(({ id }) => id === messageId)
    if (!message || message.rating === rating) return
    conversing.rate(messageId, rating)
    void this.#visit.attempt(async () => {
      try {
        const ask = { body: { rating }, id: messageId }
        await session.call('POST /session/messages/{id}/feedback', ask)
        this.#visit.signals.tell('rated', { messageId, rating })
      } catch (failure) {
        conversing.rate(messageId, message.rating)
        throw failure
      }
    })
  }

  newChat(): Promise<void> {
    const { session, conversing, outbox } = this.#visit
    return this.#visit.attempt(async () => {
      await this.start()
      const ask = { body: undefined, signal: this.#visit.signal }
      const fresh = await session.call('POST /session/conversations', ask)
      for (const { id } of outbox.all()) outbox.drop(id)
      conversing.load(fresh)
      this.#visit.become({ resumed: false, notice: null })
      this.#visit.moved()
    })
  }

  older(): Promise<void> {
    this.#fetchingOlder ??= this.#visit
      .attempt(() => this.#fetchOlder())
      .finally(() => {
        this.#fetchingOlder = null
      })
    return this.#fetchingOlder
  }

  end(): Promise<void> {
    return this.#visit.attempt(async () => {
      await this.#visit.session.end()
      this.#visit.forgetEverywhere()
    })
  }

  setPage(url: string): void {
    this.#visit.page = url
  }

  setVisible(visible: boolean): void {
    this.#visit.look(visible)
  }

  async identify(token: string): Promise<void> {
    try {
      await this.#visit.session.identify(token)
    } catch (failure) {
      if (!(failure instanceof Failure)) throw failure
      // There is no such route where nobody can be verified.
      const code = failure.status === 404 ? 'identity_unsupported' : failure.code
      this.#visit.signals.tell('error', { code })
    }
  }

  consent({ functional }: { functional: boolean }): void {
    const place = functional ? 'browser' : 'page'
    for (const storage of Object.values(this.#deps.storage)) storage.keepIn(place)
  }

  draft(): string {
    return this.#deps.storage.tab.get(draftKey) ?? ''
  }

  setDraft(text: string): void {
    this.#keepInTab(draftKey, text)
  }

  wide(): boolean {
    return this.#deps.storage.tab.get(wideKey) !== null
  }

  setWide(wide: boolean): void {
    this.#keepInTab(wideKey, wide ? '1' : '')
  }

  on<S extends keyof ChatSignals>(signal: S, hear: (told: ChatSignals[S]) => void): () => void {
    return this.#visit.signals.on(signal, hear)
  }

  close(): void {
    this.#visit.halt()
  }

  #keepInTab(key: string, value: string): void {
    if (value === '') this.#deps.storage.tab.remove(key)
    else this.#deps.storage.tab.set(key, value)
  }

  async #fetchOlder(): Promise<void> {
    const { session, conversing, signal } = this.#visit
    const oldest = conversing.thread.messages[0]
    if (!oldest || !conversing.thread.more) return
    const ask = { body: undefined, query: { before: oldest.id }, signal }
    const page = await session.call('GET /session/conversation', ask)
    // A thread begun meanwhile has nothing to do with that page.
    if (conversing.thread.messages[0]?.id === oldest.id) conversing.addOlder(page)
  }
}
