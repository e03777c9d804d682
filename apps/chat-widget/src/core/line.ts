import { Failure } from '@securechat/utils/http'
import { backoff } from '@securechat/utils/retry'
import { type Network, pause, whenOnline } from './network'
import type { Tabs } from './tabs'
import type { Frame } from './transport'

export type LineState = 'live' | 'reconnecting' | 'offline'

export interface LineDeps {
  readonly tabs: Tabs
  readonly network: Network
  readonly random: () => number
  /** Where to follow from; asked anew before each attempt. */
  cursor(): string
  follow(cursor: string, signal: AbortSignal): AsyncIterable<Frame>
  /** An event came by our own stream. */
  heard(frame: Extract<Frame, { kind: 'event' }>): void
  /** How the stream stands, told while this tab leads. */
  stands(state: LineState): void
  /** The server will not let us follow; the line is closed. */
  refused(failure: Failure): void
}

/** The stream of events, kept up by the one tab that leads. */
export interface Line {
  /** Follows until closed, as soon as this tab leads. Does nothing where it is open already. */
  open(visitor: string): void
  /** Breaks the stream and follows again from the present cursor. */
  reopen(): void
  close(): void
}

/** Milliseconds without a sign of life; the server gives one every 15 s. */
const silence = 40_000
const cap = 30_000

export function createLine(deps: LineDeps): Line {
  let life: AbortController | undefined
  let attempt: AbortController | undefined
  /** Milliseconds, as the server last asked. */
  let base = 2_000

  async function lead(visitor: string, signal: AbortSignal): Promise<void> {
    const release = await deps.tabs.lead(visitor, signal)
    try {
      for (let failures = 0; !signal.aborted; ) {
        if (!deps.network.online()) {
          deps.stands('offline')
          await whenOnline(deps.network, signal)
        }
        const end = await once(signal)
        if (end.heard) failures = 0
        if (end.reopen) continue
        failures++
        deps.stands('reconnecting')
        const wait = backoff(failures, { base, cap }, deps.random)
        await pause(Math.max(wait, end.failure?.retryAfter ?? 0), deps.network, signal)
      }
    } finally {
      release()
    }
  }

  /** One stream, from its opening to its end. Throws where there is no sense in another. */
  async function once(signal: AbortSignal) {
    const own = new AbortController()
    const end: { heard: boolean; reopen: boolean; failure?: Failure } = {
      heard: false,
      reopen: false,
    }
    const stop = () => own.abort(signal.reason)
    signal.addEventListener('abort', stop)
    attempt = own
    let timer = setTimeout(() => own.abort(silenced), silence)
    try {
      for await (const frame of deps.follow(deps.cursor(), own.signal)) {
        if (own.signal.aborted) break
        clearTimeout(timer)
        timer = setTimeout(() => own.abort(silenced), silence)
        if (!end.heard) deps.stands('live')
        end.heard = true
        if (frame.kind === 'retry') base = Math.min(frame.ms, cap)
        if (frame.kind === 'event') deps.heard(frame)
      }
    } catch (failure) {
      signal.throwIfAborted()
      if (!own.signal.aborted) {
        if (!(failure instanceof Failure) || !failure.passing) throw failure
        end.failure = failure
      }
    } finally {
      clearTimeout(timer)
      signal.removeEventListener('abort', stop)
    }
    end.reopen = own.signal.reason === reopened
    return end
  }

  return {
    open(visitor) {
      if (life) return
      const own = new AbortController()
      life = own
      lead(visitor, own.signal).catch((failure: unknown) => {
        if (own.signal.aborted) return
        life = undefined
        if (!(failure instanceof Failure)) throw failure
        deps.refused(failure)
      })
    },
    reopen: () => attempt?.abort(reopened),
    close() {
      life?.abort(closed)
      life = undefined
    },
  }
}

const silenced = new Error('no sign of life')
const reopened = new Error('followed anew')
const closed = new Error('closed')
