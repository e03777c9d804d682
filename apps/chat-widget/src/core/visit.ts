import type { Entered } from '@securechat/types/wire'
import { Failure } from '@securechat/utils/http'
import { Subscribable } from '@securechat/utils/subscribable'
import { Announcer } from './announcer'
import { Conversing } from './conversation'
import { Following } from './following'
import { insist } from './network'
import { Outbox } from './outbox'
import { createSender, type Sender } from './sender'
import { createSession, type Session } from './session'
import { Signals } from './signals'
import { atRest, noticeOf, type Standing } from './standing'
import type { Surroundings } from './surroundings'

/**
 * Keeps this page in step with the server and the other tabs: enters, follows
 * while somebody looks or waits, fetches anew what was missed, sends what was
 * written. What the shopper does with it is the chat's affair.
 */
export class Visit extends Subscribable {
  readonly session: Session
  readonly conversing: Conversing
  readonly outbox: Outbox
  readonly signals = new Signals()
  page: string

  readonly #deps: Surroundings
  readonly #announcer = new Announcer(this.signals)
  readonly #sender: Sender
  readonly #following: Following
  #standing: Standing = atRest
  #ticket: string
  #visible = false
  #life = new AbortController()
  #starting: Promise<void> | null = null
  #catchingUp: AbortSignal | null = null
  #leave: () => void = () => undefined

  constructor(deps: Surroundings) {
    super()
    this.#deps = deps
    this.page = deps.config.page
    this.#ticket = deps.config.ticket
    this.session = this.#openSession()
    this.conversing = new Conversing((event, thread) => this.#announcer.announce(event, thread))
    this.outbox = new Outbox(deps.storage.browser)
    this.#following = this.#openFollowing()
    this.#sender = this.#openSender()
    this.conversing.subscribe(() => this.#tend())
    this.outbox.subscribe(() => this.notify())
  }

  get standing(): Standing {
    return this.#standing
  }

  /** Ends with every stop of the visit. */
  get signal(): AbortSignal {
    return this.#life.signal
  }

  become(change: Partial<Standing>): void {
    this.#standing = { ...this.#standing, ...change }
    this.notify()
  }

  start(): Promise<void> {
    if (this.#standing.stage === 'open') return Promise.resolve()
    this.#starting ??= this.#begin().finally(() => {
      this.#starting = null
    })
    return this.#starting
  }

  /** Sends what lies in the outbox, once the session stands. */
  flush(): void {
    if (this.#standing.stage === 'open') void this.#sender.flush(this.signal)
    else void this.start()
  }

  look(visible: boolean): void {
    this.#visible = visible
    this.#announcer.look(visible)
    this.#tend()
  }

  /** Tells the other tabs that there is another session or conversation, and follows it here. */
  moved(): void {
    this.#following.tell({ kind: 'renewed' })
    this.#following.reopen()
  }

  /** Runs an act of the shopper's; its failure is shown and not thrown. */
  async attempt(act: () => Promise<void>): Promise<void> {
    try {
      await act()
    } catch (failure) {
      if (this.signal.aborted) return
      if (!(failure instanceof Failure)) throw failure
      this.#complain(failure)
    }
  }

  /** Ends everything here and forgets what was kept. */
  forget(): void {
    this.halt()
    for (const { id } of this.outbox.all()) this.outbox.drop(id)
    for (const storage of Object.values(this.#deps.storage)) {
      for (const key of storage.keys()) storage.remove(key)
    }
    this.#following.turnTo('')
    this.#standing = { ...atRest, stage: 'ended' }
    this.conversing.clear()
    this.notify()
  }

  /** Like {@link forget}, in every tab. */
  forgetEverywhere(): void {
    this.#following.tell({ kind: 'ended' })
    this.forget()
  }

  halt(): void {
    this.#life.abort(new Error('the visit was stopped'))
    this.#catchingUp = null
    this.#following.end()
    this.#leave()
  }

  async #begin(): Promise<void> {
    this.halt()
    this.#life = new AbortController()
    this.#following.begin()
    this.#leave = this.#deps.network.subscribe(() => this.#networkChanged())
    this.become({ stage: 'connecting', line: 'live', notice: null })
    await this.#enter(({ conversation }) => this.become({ resumed: conversation.turn !== null }))
  }

  /** Makes or resumes the session and takes over what it finds. */
  #enter(arrived: (entered: Entered) => void = () => undefined): Promise<void> {
    return this.#catchUp(async () => {
      const entered = await this.session.enter()
      return () => {
        this.#arrive(entered)
        arrived(entered)
      }
    })
  }

  /**
   * Asks for the present state until it is there, then takes it over. What other
   * tabs tell meanwhile waits, so that nothing falls between; what our own stream
   * tells is told again when it is reopened from there.
   */
  async #catchUp(ask: () => Promise<() => void>): Promise<void> {
    const { signal } = this
    if (this.#catchingUp !== null) return
    this.#catchingUp = signal
    this.#following.hold()
    try {
      const takeOver = await insist(ask, {
        ...this.#deps,
        signal,
        failed: (failure, ms) => this.#held(failure, ms),
      })
      signal.throwIfAborted()
      takeOver()
      this.#catchingUp = null
      this.#following.resume()
    } catch (failure) {
      if (signal.aborted) return
      if (!(failure instanceof Failure)) throw failure
      this.#refuse(failure)
    }
  }

  #refetch(): Promise<void> {
    const { loads } = this.conversing
    return this.#catchUp(async () => {
      const fetched = await this.session.call('GET /session/conversation', { body: undefined })
      return () => {
        // The shopper may have begun a new chat meanwhile.
        if (this.conversing.loads === loads) this.conversing.load(fetched)
      }
    })
  }

  #arrive(entered: Entered): void {
    this.#following.turnTo(entered.visitor.id)
    this.#standing = { ...this.#standing, stage: 'open', site: entered.site, line: 'live' }
    this.conversing.load({ ...entered.conversation, cursor: entered.cursor })
    this.notify()
    this.flush()
  }

  /** Follows while there is reason to, and mends what is broken. */
  #tend(): void {
    const { thread } = this.conversing
    for (const { id } of this.outbox.all()) {
      if (thread.messages.some((message) => message.id === id)) this.outbox.drop(id)
    }
    this.notify()
    if (this.#standing.stage !== 'open') return
    if (thread.broken) void this.#refetch()
    this.#following.want(this.#visible || thread.turns.length > 0)
  }

  #networkChanged(): void {
    // The old connection may look alive for minutes.
    if (this.#deps.network.online()) this.#following.reopen()
    this.notify()
  }

  /** Something will be tried again after so many milliseconds. */
  #held(failure: Failure, ms: number): void {
    if (failure.status === 429) this.become({ notice: noticeOf(failure, ms) })
    if (this.#standing.stage === 'connecting') this.become({ line: 'reconnecting' })
  }

  #complain(failure: Failure): void {
    this.#report(failure)
    if (this.#standing.stage === 'refused') return
    const max = this.#standing.site?.features.max_text
    this.become({ notice: noticeOf(failure, failure.retryAfter ?? 0, max) })
  }

  /** Tells the page; the end of it all where the server will not have us here. */
  #report(failure: Failure): void {
    const { code } = failure
    if (code === 'origin_forbidden' || code === 'site_unknown') this.#refuse(failure)
    else this.signals.tell('error', { code })
  }

  #refuse({ code, title }: Failure): void {
    this.halt()
    this.become({ stage: 'refused', notice: { kind: 'refused', code, title } })
    this.signals.tell('error', { code })
  }

  #openSession(): Session {
    return createSession({
      ...this.#deps,
      storage: this.#deps.storage.browser,
      page: () => this.page,
      ticket: () => this.#ticket,
      renewTicket: async () => {
        this.#ticket = await this.#deps.renewTicket()
        return this.#ticket
      },
      renewed: (entered) => {
        this.#following.tell({ kind: 'renewed' })
        this.#arrive(entered)
        this.#following.reopen()
      },
      identified: (verified) => {
        if (verified) this.signals.tell('identified', {})
        // A site that cannot check whom it is told of takes the token and leaves it at that.
        else this.signals.tell('error', { code: 'identity_unsupported' })
      },
    })
  }

  #openFollowing(): Following {
    return new Following({
      ...this.#deps,
      session: this.session,
      conversing: this.conversing,
      stands: (state) => this.become({ line: state }),
      renewed: () => void this.#enter(),
      ended: () => this.forget(),
      refused: (failure) => this.#refuse(failure),
    })
  }

  #openSender(): Sender {
    return createSender({
      ...this.#deps,
      outbox: this.outbox,
      send: ({ id, text, page }, signal) =>
        this.session.call('POST /session/messages', {
          body: { id, text, ...(page && { page_url: page }) },
          signal,
        }),
      taken: (sent) => {
        this.conversing.sent(sent)
        this.become({ notice: null })
        this.signals.tell('message-sent', { messageId: sent.message.id })
      },
      held: (failure, ms) => this.#held(failure, ms),
      // The shopper reads it beneath the question.
      failed: (failure) => this.#report(failure),
    })
  }
}
