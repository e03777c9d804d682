import type { AnswerError, Author, Card, Rating, Site, TurnEnd } from '@securechat/types/wire'

/**
 * How the line to the server stands. `idle` before anything was asked for,
 * `refused` where the server will not have us on this page, `ended` after the
 * visitor ended the chat.
 */
export type Phase =
  | 'idle'
  | 'connecting'
  | 'live'
  | 'reconnecting'
  | 'offline'
  | 'ended'
  | 'refused'

export type SiteInfo = Site

export interface ViewMessage {
  readonly id: string
  readonly author: Author
  readonly text: string
  /** Milliseconds since 1970. */
  readonly createdAt: number
  /** Of a visitor's message. */
  readonly delivery?: 'pending' | 'sent' | 'failed'
  readonly turnId?: string
  /** Of an answer. */
  readonly status?: 'streaming' | TurnEnd
  /** Why sending failed, or why the answer did. */
  readonly problem?: AnswerError
  readonly cards?: readonly Card[]
  readonly rating?: Rating
}

/** The turn the shopper waits for: the one that runs, or else the first in line. */
export interface OpenTurn {
  readonly id: string
  readonly state: 'waiting' | 'running'
  /** Place in the site's line, 1 is next. */
  readonly position?: number
  /** What a tool is doing, in the agent's words. */
  readonly activity?: string
  readonly messageId?: string
}

/** Something to tell the shopper beside the thread; the next success clears it. */
export type Notice =
  | { readonly kind: 'rate-limited' /** Milliseconds since 1970. */; readonly until: number }
  | { readonly kind: 'too-long' /** Characters allowed. */; readonly max: number }
  | { readonly kind: 'refused'; readonly code: string; readonly title: string }
  | {
      readonly kind: 'problem'
      readonly code: string
      readonly title: string
      readonly id?: string
    }

export interface View {
  readonly phase: Phase
  /** Null until the session stands. */
  readonly site: SiteInfo | null
  /** Oldest first; what is not yet sent stands last. */
  readonly messages: readonly ViewMessage[]
  readonly turn: OpenTurn | null
  /** Older messages can be fetched. */
  readonly more: boolean
  /** This page took up an answer that began before it. */
  readonly resumed: boolean
  readonly notice: Notice | null
}
