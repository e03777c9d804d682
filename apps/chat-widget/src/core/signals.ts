import type { Rating } from '@securechat/types/wire'

/** What a chat tells besides its view. None carries what was written. */
export interface ChatSignals {
  'message-sent': { messageId: string }
  'message-received': { messageId: string }
  'stream-start': { turnId: string }
  'stream-end': { turnId: string; status: string }
  /** Messages that came while the panel was not visible; 0 when it is looked at again. */
  unread: { count: number }
  rated: { messageId: string; rating: Rating }
  /** The server believed who the visitor is said to be. */
  identified: Record<never, never>
  error: { code: string }
}

export class Signals {
  readonly #hearers = new Set<
    <S extends keyof ChatSignals>(signal: S, told: ChatSignals[S]) => void
  >()

  /** Calls `hear` at each such signal, until the returned function is called. */
  on<S extends keyof ChatSignals>(wanted: S, hear: (told: ChatSignals[S]) => void): () => void {
    const hearer = (signal: keyof ChatSignals, told: ChatSignals[keyof ChatSignals]) => {
      if (signal === wanted) hear(told as ChatSignals[S])
    }
    this.#hearers.add(hearer)
    return () => void this.#hearers.delete(hearer)
  }

  tell<S extends keyof ChatSignals>(signal: S, told: ChatSignals[S]): void {
    for (const hearer of [...this.#hearers]) hearer(signal, told)
  }
}
