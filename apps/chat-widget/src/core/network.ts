import { Failure } from '@securechat/utils/http'
import { backoff } from '@securechat/utils/retry'

/** Whether the device believes that it has a connection. */
export interface Network {
  online(): boolean
  /** Calls the listener when that changes, until the returned function is called. */
  subscribe(listener: () => void): () => void
}

/** Resolves once the device is online. Rejects with the signal's reason. */
export async function whenOnline(network: Network, signal: AbortSignal): Promise<void> {
  while (!network.online()) await first(signal, (done) => network.subscribe(done))
}

/**
 * Resolves after so many milliseconds, sooner where the connection comes back,
 * and never while it is away. Rejects with the signal's reason.
 */
export async function pause(ms: number, network: Network, signal: AbortSignal): Promise<void> {
  await first(signal, (done) => {
    const timer = setTimeout(done, ms)
    const leave = network.subscribe(done)
    return () => {
      clearTimeout(timer)
      leave()
    }
  })
  await whenOnline(network, signal)
}

/** Waits until `begin` says done, cleans up after it either way. */
function first(signal: AbortSignal, begin: (done: () => void) => () => void): Promise<void> {
  return new Promise((resolve, reject) => {
    const abort = () => {
      leave()
      reject(signal.reason)
    }
    const leave = begin(() => {
      leave()
      signal.removeEventListener('abort', abort)
      resolve()
    })
    signal.addEventListener('abort', abort, { once: true })
    if (signal.aborted) abort()
  })
}

export interface Insistence {
  readonly network: Network
  readonly random: () => number
  readonly signal: AbortSignal
  failed(failure: Failure, ms: number): void
}

const waits = { base: 1_000, cap: 20_000 }

/**
 * Acts until it succeeds, with growing waits between failures that may pass;
 * each is told to `failed` with the milliseconds until the next attempt, which
 * throws to give up. Throws any other failure, and the signal's reason.
 */
export async function insist<T>(
  act: () => Promise<T>,
  { network, random, signal, failed }: Insistence,
): Promise<T> {
  for (let failures = 1; ; failures++) {
    try {
      return await act()
    } catch (failure) {
      signal.throwIfAborted()
      if (!(failure instanceof Failure) || !failure.passing) throw failure
      const ms = failure.retryAfter ?? backoff(failures, waits, random)
      failed(failure, ms)
      await pause(ms, network, signal)
    }
  }
}
