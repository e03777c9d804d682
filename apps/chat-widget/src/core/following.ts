import type { Failure } from '@securechat/utils/http'
import type { Conversing } from './conversation'
import { createLine, type Line, type LineState } from './line'
import type { Network } from './network'
import type { Session } from './session'
import type { TabMessage, Tabs } from './tabs'

export interface FollowingDeps {
  readonly tabs: Tabs
  readonly network: Network
  readonly random: () => number
  readonly session: Pick<Session, 'follow'>
  readonly conversing: Conversing
  /** How the line stands, whichever tab holds it. */
  stands(state: LineState): void
  /** Another tab has a new session or a new conversation: fetch it. */
  renewed(): void
  /** The visitor ended the chat in another tab. */
  ended(): void
  /** The server will not let us follow. */
  refused(failure: Failure): void
}

/**
 * Hears what is said to one visitor: by a stream of our own, or from the tab
 * that has one. Whoever has it tells the others.
 */
export class Following {
  readonly #deps: FollowingDeps
  readonly #line: Line
  #visitor = ''
  /** What other tabs told while the present state was fetched; null while it is not. */
  #early: [visitor: string, message: TabMessage][] | null = null
  #leave: () => void = () => undefined

  constructor(deps: FollowingDeps) {
    this.#deps = deps
    this.#line = createLine({
      ...deps,
      cursor: () => deps.conversing.cursor,
      follow: (cursor, signal) => deps.session.follow(cursor, signal),
      heard: ({ event, cursor }) => {
        this.tell({ kind: 'event', event, cursor })
        deps.conversing.hear(event, cursor)
      },
      stands: (state) => {
        this.tell({ kind: 'line', state })
        deps.stands(state)
      },
      refused: (failure) => deps.refused(failure),
    })
  }

  begin(): void {
    this.#leave = this.#deps.tabs.hear((visitor, message) => this.#hear(visitor, message))
  }

  end(): void {
    this.#line.close()
    this.#leave()
    this.#leave = () => undefined
    this.#early = null
  }

  /** Whom to follow from now on; nobody where it is "". */
  turnTo(visitor: string): void {
    if (this.#visitor !== visitor) this.#line.close()
    this.#visitor = visitor
  }

  /** Keeps a stream up while it is wanted. */
  want(wanted: boolean): void {
    if (wanted) this.#line.open(this.#visitor)
    else this.#line.close()
  }

  /** Follows again from where the conversation stands now. */
  reopen(): void {
    this.#line.reopen()
  }

  tell(message: TabMessage): void {
    this.#deps.tabs.tell(this.#visitor, message)
  }

  /** Lets other tabs wait until {@link resume}, so that nothing falls between a fetch and its answer. */
  hold(): void {
    this.#early = []
  }

  /** Follows from the state that was fetched. */
  resume(): void {
    const early = this.#early ?? []
    this.#early = null
    this.#line.reopen()
    for (const [visitor, message] of early) this.#hear(visitor, message)
  }

  #hear(visitor: string, message: TabMessage): void {
    if (this.#early !== null) {
      this.#early.push([visitor, message])
      return
    }
    if (visitor !== this.#visitor) return
    switch (message.kind) {
      case 'event':
        this.#deps.conversing.hear(message.event, message.cursor)
        break
      case 'line':
        this.#deps.stands(message.state)
        break
      case 'renewed':
        this.#deps.renewed()
        break
      case 'ended':
        this.#deps.ended()
    }
  }
}
