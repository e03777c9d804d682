import type { Sent } from '@securechat/types/wire'
import { Failure } from '@securechat/utils/http'
import { backoff } from '@securechat/utils/retry'
import { type Network, pause, whenOnline } from './network'
import type { Outbox, Unsent } from './outbox'

export interface SenderDeps {
  readonly outbox: Outbox
  readonly network: Network
  readonly random: () => number
  /** Sends one question; may be repeated under the same id. */
  send(unsent: Unsent, signal: AbortSignal): Promise<Sent>
  /** The server took it. */
  taken(sent: Sent): void
  /** The server will not have it now, but perhaps after so many milliseconds. */
  held(failure: Failure, ms: number): void
  /** It was given up and lies in the outbox as failed. */
  failed(failure: Failure): void
}

const waits = { base: 1_000, cap: 20_000 }
/** Failures in a row before a question is given up; being offline is none. */
const patience = 8

export interface Sender {
  flush(signal: AbortSignal): Promise<void>
}

/**
 * Empties the outbox one by one, in order. A question is repeated under its id
 * until it is known to be taken, so nothing is lost and nothing asked twice.
 * Calling `flush` while it works changes nothing.
 */
export function createSender(deps: SenderDeps): Sender {
  let busy: AbortSignal | undefined
  return {
    async flush(signal) {
      if (busy === signal) return
      busy = signal
      try {
        await work(deps, signal)
      } finally {
        if (busy === signal) busy = undefined
      }
    },
  }
}

async function work(deps: SenderDeps, signal: AbortSignal): Promise<void> {
  const { outbox, network } = deps
  for (let unsent = outbox.next(); unsent; unsent = outbox.next()) {
    try {
      await whenOnline(network, signal)
      await persist(deps, unsent, signal)
    } catch (cause) {
      if (signal.aborted) return
      throw cause
    }
  }
}

/** Sends one question until it is taken, given up, or taken out of the outbox. */
async function persist(deps: SenderDeps, unsent: Unsent, signal: AbortSignal): Promise<void> {
  const { outbox, network, random } = deps
  for (let failures = 0; outbox.next()?.id === unsent.id; ) {
    try {
      const sent = await deps.send(unsent, signal)
      outbox.drop(unsent.id)
      return deps.taken(sent)
    } catch (failure) {
      signal.throwIfAborted()
      if (!(failure instanceof Failure)) throw failure
      if (network.online() && failure.retryAfter === undefined) failures++
      if (!failure.passing || failures >= patience) return giveUp(deps, unsent, failure)
      const ms = failure.retryAfter ?? backoff(Math.max(1, failures), waits, random)
      deps.held(failure, ms)
      await pause(ms, network, signal)
    }
  }
}

function giveUp({ outbox, failed }: SenderDeps, unsent: Unsent, failure: Failure): void {
  // It may have been told by the stream meanwhile.
  if (outbox.all().some(({ id }) => id === unsent.id)) {
    const { code, title, id } = failure
    outbox.put({ ...unsent, problem: { code, title, ...(id !== undefined && { id }) } })
  }
  failed(failure)
}
