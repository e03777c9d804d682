import { isSent } from '@securechat/types/guards'
import type { Sent } from '@securechat/types/wire'
import { Failure } from '@securechat/utils/http'
import { insist, type Network, whenOnline } from './network'
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
  for (let unsent = deps.outbox.next(); unsent; unsent = deps.outbox.next()) {
    try {
      await persist(deps, unsent, signal)
    } catch (failure) {
      if (signal.aborted) return
      if (!(failure instanceof Failure)) throw failure
      giveUp(deps, unsent, failure)
    }
  }
}

/** Sends one question until it is taken, or told to us by the stream. Throws where it is given up. */
async function persist(deps: SenderDeps, unsent: Unsent, signal: AbortSignal): Promise<void> {
  const { outbox, network } = deps
  let failures = 0
  await whenOnline(network, signal)
  const sent = await insist(
    async () =>
      outbox.next()?.id === unsent.id ? receipt(await deps.send(unsent, signal)) : undefined,
    {
      ...deps,
      signal,
      failed(failure, ms) {
        if (network.online() && failure.retryAfter === undefined) failures++
        if (failures >= patience) throw failure
        deps.held(failure, ms)
      },
    },
  )
  if (!sent) return
  deps.taken(sent)
  outbox.drop(unsent.id)
}

/** A success that tells of no message is no proof that ours was taken. */
function receipt(sent: Sent | undefined): Sent {
  if (isSent(sent)) return sent
  throw new Failure({ code: 'bad_answer', status: 200, title: 'The answer could not be read' })
}

function giveUp({ outbox, failed }: SenderDeps, unsent: Unsent, failure: Failure): void {
  // It may have been told by the stream meanwhile.
  if (outbox.all().some(({ id }) => id === unsent.id)) {
    const { code, title, id } = failure
    outbox.put({ ...unsent, problem: { code, title, ...(id !== undefined && { id }) } })
  }
  failed(failure)
}
