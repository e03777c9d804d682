import { Subscribable } from '../../../packages/utils/subscribable'
import type { Network } from '../src/core/network'
import type { Area } from '../src/core/storage'
import type { Channel, Locks } from '../src/core/tabs'

/** A storage area that outlives the pages of a test. */
export class MemoryArea implements Area {
  readonly #kept = new Map<string, string>()

  get length(): number {
    return this.#kept.size
  }
  key(index: number): string | null {
    return [...this.#kept.keys()][index] ?? null
  }
  getItem(key: string): string | null {
    return this.#kept.get(key) ?? null
  }
  setItem(key: string, value: string): void {
    this.#kept.set(key, value)
  }
  removeItem(key: string): void {
    this.#kept.delete(key)
  }
}

/** A device whose connection the test switches. */
export class Device extends Subscribable implements Network {
  #online = true

  online = (): boolean => this.#online

  switch(online: boolean): void {
    this.#online = online
    this.notify()
  }
}

/** Locks as browsers give them: one holder a name, others in the order they asked. */
export class Locksmith implements Locks {
  readonly #last = new Map<string, Promise<void>>()

  request(name: string, { signal }: { signal: AbortSignal }, held: () => Promise<void>) {
    const before = this.#last.get(name) ?? Promise.resolve()
    const mine = before.then(() => (signal.aborted ? undefined : held()))
    this.#last.set(name, mine)
    return new Promise<void>((resolve, reject) => {
      signal.addEventListener('abort', () => reject(signal.reason))
      mine.then(resolve, reject)
    })
  }
}

/** What tabs of one browser say to one another; copies arrive a moment later. */
export class Airwaves {
  readonly #open = new Set<AirChannel>()

  readonly open = (): Channel => {
    const channel = new AirChannel(this.#open)
    this.#open.add(channel)
    return channel
  }
}

class AirChannel implements Channel {
  readonly #all: Set<AirChannel>
  #listener: (event: { data: unknown }) => void = () => undefined

  constructor(all: Set<AirChannel>) {
    this.#all = all
  }

  postMessage(message: unknown): void {
    const data = structuredClone(message)
    for (const other of this.#all) {
      if (other !== this) queueMicrotask(() => this.#all.has(other) && other.#listener({ data }))
    }
  }

  addEventListener(_type: 'message', listener: (event: { data: unknown }) => void): void {
    this.#listener = listener
  }

  close(): void {
    this.#all.delete(this)
  }
}
