import type { AnswerError } from '@securechat/types/wire'
import { Subscribable } from '@securechat/utils/subscribable'
import type { Storage } from './storage'
import type { ViewMessage } from './view'

/** A question that the server has not yet taken. */
export interface Unsent {
  readonly id: string
  readonly text: string
  readonly page: string
  /** When it was written, in milliseconds since 1970. */
  readonly at: number
  /** Why it was given up; it waits for the shopper to try again. */
  readonly problem?: AnswerError
}

const shelf = 'unsent.'

/**
 * What was written and not yet taken, in the order of writing. Each question
 * lies under a key of its own, so that tabs do not write over one another.
 */
export class Outbox extends Subscribable {
  readonly #storage: Storage
  #unsent: readonly Unsent[]

  constructor(storage: Storage) {
    super()
    this.#storage = storage
    this.#unsent = storage
      .keys()
      .filter((key) => key.startsWith(shelf))
      .flatMap((key) => parse(storage.get(key)))
      .sort((a, b) => a.at - b.at)
  }

  /** The same reference until something changed. */
  all(): readonly Unsent[] {
    return this.#unsent
  }

  /** The next to send. One that was given up does not hold back those behind it. */
  next(): Unsent | undefined {
    return this.#unsent.find((unsent) => !unsent.problem)
  }

  put(unsent: Unsent): void {
    this.#storage.set(shelf + unsent.id, JSON.stringify(unsent))
    const others = this.#unsent.filter((other) => other.id !== unsent.id)
    this.#become([...others, unsent].sort((a, b) => a.at - b.at))
  }

  /** Takes out what was sent or is not wanted any more. */
  drop(id: string): void {
    if (!this.#unsent.some((unsent) => unsent.id === id)) return
    this.#storage.remove(shelf + id)
    this.#become(this.#unsent.filter((unsent) => unsent.id !== id))
  }

  #become(unsent: readonly Unsent[]): void {
    this.#unsent = unsent
    this.notify()
  }
}

/** An unsent question as the shopper sees it. */
export function fromUnsent({ id, text, at, problem }: Unsent): ViewMessage {
  return {
    id,
    author: 'visitor',
    text,
    createdAt: at,
    delivery: problem ? 'failed' : 'pending',
    ...(problem && { problem }),
  }
}

function parse(stored: string | null): Unsent[] {
  try {
    const unsent = JSON.parse(stored ?? '')
    return typeof unsent?.id === 'string' && typeof unsent.text === 'string' ? [unsent] : []
  } catch {
    return []
  }
}
