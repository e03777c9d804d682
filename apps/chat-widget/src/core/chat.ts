import type { Rating } from '@securechat/types/wire'
import type { ChatSignals } from './signals'
import type { View } from './view'

/** One visitor's conversation, as a shopper's panel needs it. */
export interface Chat {
  /** Calls the listener after each change of the view, until the returned function is called. */
  subscribe(listener: () => void): () => void
  /** The same reference until something changed. */
  view(): View
  /** Makes or resumes the session. Nothing is requested before; ends when the session stands or was refused. */
  start(): Promise<void>
  /** Shows the text as pending at once and sends it as soon as the line allows; starts the chat if need be. */
  send(text: string): void
  /** Sends a failed message again, or asks an answer's question anew. */
  retry(messageId: string): void
  /** Ends the open turn. */
  stop(): void
  rate(messageId: string, rating: Rating): void
  /** Leaves this thread for a new one. */
  newChat(): Promise<void>
  /** Fetches the messages before the oldest one shown. */
  older(): Promise<void>
  /** Ends the session and forgets everything kept in this browser. */
  end(): Promise<void>
  /** The page that the shopper looks at; told with each message. */
  setPage(url: string): void
  /** Whether the panel can be seen: a stream is open only then, or while an answer is under way. */
  setVisible(visible: boolean): void
  /**
   * Proves who the visitor is, by a token that the shop's server signed, now or when the chat
   * starts. What comes of it is a signal, `identified` or `error`: for the shop, not the shopper.
   */
  identify(token: string): Promise<void>
  /** Without functional consent nothing is kept in the browser beyond this page. */
  consent(given: { functional: boolean }): void
  draft(): string
  setDraft(text: string): void
  /** Whether the reader asked for more room, on this or another page of the tab. */
  wide(): boolean
  setWide(wide: boolean): void
  on<S extends keyof ChatSignals>(signal: S, hear: (told: ChatSignals[S]) => void): () => void
  /** Stops everything; the chat cannot be used afterwards. */
  close(): void
}
