/**
 * What widget and server say to each other, member for member. The names are
 * the wire's own; `fixtures/` holds one example of each shape, which the tests
 * of both languages read. Times are RFC 3339, cursors are opaque.
 */

export type Author = 'visitor' | 'agent' | 'operator'
export type Rating = 1 | -1
export type TurnEnd = 'done' | 'stopped' | 'failed' | 'interrupted'

/** Why an answer failed or was cut: fixed words, and an id to quote to the shop. */
export interface AnswerError {
  code: string
  title: string
  id?: string
}

/** Opens an address, or says something in the visitor's name: exactly one of `url` and `say`. */
export interface CardButton {
  label: string
  url?: string
  say?: string
}

/** Something to look at or press beside an answer's text. */
export interface Card {
  title: string
  subtitle?: string
  price?: string
  old_price?: string
  url?: string
  buttons?: CardButton[]
}

export interface Attachment {
  id: string
  name: string
  type: string
  size: number
}

export interface Message {
  id: string
  author: Author
  text: string
  created_at: string
  turn_id?: string
  /** Of an answer that has ended. */
  status?: TurnEnd
  error?: AnswerError
  rating?: Rating
  cards?: Card[]
  attachments?: Attachment[]
}

/** The open turn: the one that runs, or else the first that waits. `text` holds all deltas up to `seq`. */
export interface Turn {
  id: string
  state: 'waiting' | 'running'
  question_id: string
  message_id: string
  text: string
  seq: number
}

export interface Conversation {
  /** Oldest first. */
  messages: Message[]
  turn: Turn | null
  /** Where to follow from, so that nothing after this answer is missed. */
  cursor: string
  /** Older messages exist. */
  more: boolean
}

export interface Branding {
  title: string
  tagline: string
  greeting: string
  suggestions: string[]
  /** `#rrggbb` */
  accent: string
  theme: 'auto' | 'light' | 'dark'
  position: 'right' | 'left'
  launcher_label?: string
  /** Says that one talks to an AI. */
  ai_notice: string
}

export interface Features {
  feedback: boolean
  new_chat: boolean
  attachments: boolean
  fingerprint: boolean
  /** Characters in one message. */
  max_text: number
}

export interface Site {
  key: string
  name: string
  branding: Branding
  features: Features
  variant: string | null
}

/** What the server writes into the frame's page, as JSON in `#securechat-config`. */
export interface FrameConfig {
  site_key: string
  /** Signed by the server; good for ten minutes. */
  ticket: string
  /** Of pages that may hold the frame; `https://*.shop.example` stands for exactly one label. */
  origins: string[]
  locale: string
  branding: Branding
  features: Features
}

export interface Session {
  id: string
  expires_at: string
}

export interface Visitor {
  id: string
  returning: boolean
  verified: boolean
}

/** `POST /sessions`; `ticket` comes from the page that the server rendered for the frame. */
export interface EnterRequest {
  site_key: string
  ticket?: string
  page_url: string
  referrer?: string
  locale?: string
  fingerprint?: string
  identity?: string
}

export interface Entered {
  session: Session
  visitor: Visitor
  /** Present when a secret was minted, and towards a bearer; absent when a cookie was resumed. */
  token?: string
  site: Site
  conversation: Conversation
  cursor: string
}

/** `GET /session` */
export interface CurrentSession {
  session: Session
  visitor: Visitor
}

/** `POST /session/messages`; the same id and content again join the same turn. */
export interface SendRequest {
  id: string
  text: string
  page_url?: string
  attachments?: string[]
}

export interface Sent {
  message: Message
  turn: { id: string; state?: 'waiting' | 'running' | TurnEnd }
}

export interface FeedbackRequest {
  rating: Rating
  comment?: string
}

export interface IdentifyRequest {
  /** A JWT signed by the shop's server. */
  token: string
}

/** `application/problem+json`, RFC 9457, with our `id` and `code`. */
export interface Problem {
  type: string
  title: string
  status: number
  detail?: string
  id?: string
  /** Stable, for programs; see {@link ProblemCode}. */
  code: string
  /** The member that was wrong. */
  field?: string
}

/** The codes that the widget acts upon; any other is told by its title. */
export type ProblemCode =
  | 'ticket_expired'
  | 'session_expired'
  | 'session_required'
  | 'origin_forbidden'
  | 'rate_limited'
  | 'text_too_long'
  | 'message_conflict'
  | 'turn_ended'
  | 'not_found'
  | 'site_unknown'
  | 'queue_full'
  | 'unavailable'

interface OfTurn {
  turn_id: string
  /** 1, 2, 3 … within the turn. */
  seq: number
}

interface OfAnswer extends OfTurn {
  message_id: string
}

/** The data of each kind of event, by the name in the stream's `event` field. */
export interface EventData {
  'message-added': { message: Message }
  'turn-queued': OfTurn & { position: number }
  'turn-started': OfAnswer & { question_id: string }
  'text-delta': OfAnswer & { text: string }
  'text-replaced': OfAnswer & { text: string }
  'activity-noted': OfTurn & { label: string }
  'card-added': OfAnswer & { card: Card }
  'turn-ended': OfAnswer & { status: TurnEnd; error?: AnswerError; message?: Message }
  'log-reset': Record<never, never>
}

export type EventKind = keyof EventData

export type ChatEvent = { [K in EventKind]: { kind: K } & EventData[K] }[EventKind]

/** Every call that answers once, under `/api/v1`: its body and what it answers. */
export interface Routes {
  'POST /sessions': { body: EnterRequest; answer: Entered }
  'GET /session': { body: undefined; answer: CurrentSession }
  'DELETE /session': { body: undefined; answer: undefined }
  'GET /session/conversation': { body: undefined; answer: Conversation }
  'POST /session/conversations': { body: undefined; answer: Conversation }
  'POST /session/messages': { body: SendRequest; answer: Sent }
  'POST /session/turns/{id}/stop': { body: undefined; answer: undefined }
  'POST /session/messages/{id}/feedback': { body: FeedbackRequest; answer: undefined }
  'POST /session/identify': { body: IdentifyRequest; answer: Entered }
}

export type Route = keyof Routes
