import type { ChatEvent, Route, Routes } from '@securechat/types/wire'

export interface Ask<R extends Route> {
  readonly body: Routes[R]['body']
  /** Fills `{id}` in the route. */
  readonly id?: string
  readonly query?: Readonly<Record<string, string>>
  /** The bearer's secret; without it the browser's cookie speaks. */
  readonly token?: string | undefined
  readonly signal?: AbortSignal | undefined
}

/** One thing told by an event stream. */
export type Frame =
  /** The server accepted us. */
  | { readonly kind: 'opened' }
  /** The line is alive. */
  | { readonly kind: 'beat' }
  /** How long the server wants us to wait, in milliseconds, before we come back. */
  | { readonly kind: 'retry'; readonly ms: number }
  /** `event` is null where its kind is unknown to us; the cursor counts all the same. */
  | { readonly kind: 'event'; readonly cursor: string; readonly event: ChatEvent | null }

/** The chat's only door to the server. */
export interface Transport {
  /** Asks once. Throws a `Failure`, or the signal's reason; asking again is the caller's affair. */
  call<R extends Route>(route: R, ask: Ask<R>): Promise<Routes[R]['answer']>
  /**
   * Follows the conversation from after the cursor ("" is from now on) until the server ends the
   * stream. Throws a `Failure` where it breaks, or the signal's reason.
   */
  follow(ask: {
    readonly cursor: string
    readonly token?: string | undefined
    readonly signal: AbortSignal
  }): AsyncIterable<Frame>
}
