import type { Entered } from '@securechat/types/wire'
import { Failure } from '@securechat/utils/http'
import { Subscribable } from '@securechat/utils/subscribable'
import { Announcer } from './announcer'
import type { ChatDeps } from './chat'
import { Conversing } from './conversation'
import { createLine, type Line } from './line'
import { insist } from './network'
import { Outbox } from './outbox'
import { createSender, type Sender } from './sender'
import { createSession, type Session } from './session'
import { Signals } from './signals'
import { atRest, type Standing } from './standing'
import type { TabMessage } from './tabs'

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

  readonly #deps: ChatDeps
  readonly #announcer = new Announcer(this.signals)
  readonly #sender: Sender
  readonly #line: Line
  #standing: Standing = atRest
  #ticket: string
  #visitor = ''
  #visible = false
  #life = new AbortController()
  #starting: Promise<void> | null = null
  #catchingUp: AbortSignal | null = null
  /** What other tabs told while we were catching up. */
  #early: [visitor: string, message: TabMessage][] = []
  #leave: (() => void)[] = []

  constructor(deps: ChatDeps) {
    super()
    this.#deps = deps
    this.page = deps.config.page
    this.#ticket = deps.config.ticket
    this.session = this.#openSession()
    this.conversing = new Conversing((event, thread) => this.#announcer.announce(event, thread))
    this.outbox = new Outbox(deps.storage.browser)
    this.#line = this.#openLine()
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
    this.#tell({ kind: 'renewed' })
    this.#line.reopen()
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
    this.#visitor = ''
    this.#standing = { ...atRest, stage: 'ended' }
    this.conversing.clear()
    this.notify()
  }

  /** Like {@link forget}, in every tab. */
  forgetEverywhere(): void {
    this.#tell({ kind: 'ended' })
    this.forget()
  }

  halt(): void {
    this.#life.abort(new Error('the visit was stopped'))
    this.#catchingUp = null
    this.#line.close()
    for (const leave of this.#leave.splice(0)) leave()
  }

  async #begin(): Promise<void> {
    this.halt()
    this.#life = new AbortController()
    this.#early = []
    const { tabs, network } = this.#deps
    this.#leave = [
      tabs.hear((visitor, message) => this.#hearTab(visitor, message)),
      network.subscribe(() => this.#networkChanged()),
    ]
    this.become({ stage: 'connecting', line: 'live', notice: null })
    await this.#catchUp(async () => {
      const entered = await this.session.enter()
      return () => {
        this.#arrive(entered)
        this.become({ resumed: entered.conversation.turn !== null })
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
    try {
      const takeOver = await insist(ask, {
        ...this.#deps,
        signal,
        failed: (failure, ms) => this.#held(failure, ms),
      })
      signal.throwIfAborted()
      takeOver()
      this.#catchingUp = null
      this.#line.reopen()
      for (const [visitor, message] of this.#early.splice(0)) this.#hearTab(visitor, message)
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
    if (this.#visitor !== entered.visitor.id) this.#line.close()
    this.#visitor = entered.visitor.id
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
    if (this.#visible || thread.turns.length > 0) this.#line.open(this.#visitor)
    else this.#line.close()
  }

  #hearTab(visitor: string, message: TabMessage): void {
    if (this.#catchingUp !== null) {
      this.#early.push([visitor, message])
      return
    }
    if (visitor !== this.#visitor) return
    switch (message.kind) {
      case 'event':
        this.conversing.hear(message.event, message.cursor)
        break
      case 'line':
        this.become({ line: message.state })
        break
      case 'renewed':
        void this.#catchUp(async () => {
          const entered = await this.session.enter()
          return () => this.#arrive(entered)
        })
        break
      case 'ended':
        this.forget()
    }
  }

  #tell(message: TabMessage): void {
    this.#deps.tabs.tell(this.#visitor, message)
  }

  #networkChanged(): void {
    // The old connection may look alive for minutes.
    if (this.#deps.network.online()) this.#line.reopen()
    this.notify()
  }

  /** Something will be tried again after so many milliseconds. */
  #held(failure: Failure, ms: number): void {
    if (failure.status === 429) {
      this.become({ notice: { kind: 'rate-limited', until: Date.now() + ms } })
    }
    if (this.#standing.stage === 'connecting') this.become({ line: 'reconnecting' })
  }

  #complain(failure: Failure): void {
    const { code, title, id, status, retryAfter = 0 } = failure
    const max = this.#standing.site?.features.max_text
    if (code === 'origin_forbidden' || code === 'site_unknown') {
      this.#refuse(failure)
      return
    }
    if (status === 429) this.#held(failure, retryAfter)
    else if (code === 'text_too_long' && max) this.become({ notice: { kind: 'too-long', max } })
    else this.become({ notice: { kind: 'problem', code, title, ...(id && { id }) } })
    this.signals.tell('error', { code })
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
        this.#tell({ kind: 'renewed' })
        this.#arrive(entered)
        this.#line.reopen()
      },
    })
  }

  #openLine(): Line {
    return createLine({
      ...this.#deps,
      cursor: () => this.conversing.cursor,
      follow: (cursor, signal) => this.session.follow(cursor, signal),
      heard: ({ event, cursor }) => {
        this.#tell({ kind: 'event', event, cursor })
        this.conversing.hear(event, cursor)
      },
      stands: (state) => {
        this.#tell({ kind: 'line', state })
        this.become({ line: state })
      },
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
      failed: (failure) => this.#complain(failure),
    })
  }
}
