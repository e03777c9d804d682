import entered from '@securechat/types/fixtures/entered' with { type: 'json' }
import type {
  ChatEvent,
  Conversation,
  Entered,
  Message,
  Route,
  Routes,
  SendRequest,
  Turn,
} from '@securechat/types/wire'
import { Failure } from '@securechat/utils/http'
import type { Ask, Frame, Transport } from '../src/core/transport'

type Answerer = (ask: Ask<Route>) => unknown

/** A failure as the server tells it. */
export function failing(status: number, code: string, retryAfter?: number): Failure {
  const facts = { status, code, title: `told: ${code}` }
  return new Failure(retryAfter === undefined ? facts : { ...facts, retryAfter })
}

/**
 * A server that fits in a test: one conversation, kept as the contract says,
 * whose answers are written by the test, word by word. Any call can be made to
 * be answered otherwise, once or always, and streams can be broken at will.
 */
export class ScriptedServer {
  /** Each call as it came. */
  readonly calls: { route: Route; ask: Ask<Route> }[] = []
  /** Cursors of the streams that were asked for, in order. */
  readonly followed: string[] = []
  messages: Message[] = []
  turn: Turn | null = null
  visitor = 'visitor-1'
  session = 'session-1'

  readonly #log: { cursor: string; event: ChatEvent }[] = []
  readonly #streams = new Set<Stream>()
  readonly #once = new Map<Route, Answerer[]>()
  readonly #always = new Map<Route, Answerer>()
  #followFailures: Failure[] = []
  #offset = 0
  #epoch = 1
  #turns = 0

  readonly transport: Transport = {
    call: async (route, ask) => {
      this.calls.push({ route, ask })
      // An answer never comes within the same moment.
      await Promise.resolve()
      const answer = this.#once.get(route)?.shift() ?? this.#always.get(route) ?? this.#own(route)
      return (await answer(ask)) as never
    },
    follow: (ask) => this.#follow(ask.cursor, ask.signal),
  }

  get streams(): number {
    return this.#streams.size
  }

  get cursor(): string {
    return `${this.#epoch}.${this.#offset}`
  }

  count(route: Route): number {
    return this.calls.filter((call) => call.route === route).length
  }

  once<R extends Route>(route: R, answer: (ask: Ask<R>) => Routes[R]['answer'] | Promise<never>) {
    const waiting = this.#once.get(route) ?? []
    this.#once.set(route, [...waiting, answer as unknown as Answerer])
  }

  always<R extends Route>(route: R, answer: (ask: Ask<R>) => unknown) {
    this.#always.set(route, answer as unknown as Answerer)
  }

  refuse(route: Route, failure: Failure, times = 1): void {
    for (let i = 0; i < times; i++) this.once(route, () => Promise.reject(failure))
  }

  refuseStreams(...failures: Failure[]): void {
    this.#followFailures = failures
  }

  snapshot(): Conversation {
    return {
      messages: [...this.messages],
      turn: this.turn && { ...this.turn },
      cursor: this.cursor,
      more: false,
    }
  }

  /** What one who comes back with a cookie is told. */
  entered(): Entered {
    const conversation = this.snapshot()
    const { token: _, ...resumed } = structuredClone(entered) as unknown as Entered
    return {
      ...resumed,
      session: { id: this.session, expires_at: '2026-11-24T09:30:00Z' },
      visitor: { id: this.visitor, returning: false, verified: false },
      conversation,
      cursor: conversation.cursor,
    }
  }

  /** Takes a question, as if it had been sent. */
  take({ id, text }: SendRequest): Routes['POST /session/messages']['answer'] {
    const known = this.messages.find((message) => message.id === id)
    if (known) return { message: known, turn: { id: known.turn_id ?? '' } }
    const turnId = `turn-${++this.#turns}`
    const message: Message = {
      id,
      author: 'visitor',
      text,
      created_at: '2026-11-24T09:00:00Z',
      turn_id: turnId,
    }
    this.messages.push(message)
    this.turn ??= {
      id: turnId,
      state: 'waiting',
      question_id: id,
      message_id: `answer-${this.#turns}`,
      text: '',
      seq: 0,
    }
    this.tell({ kind: 'message-added', message })
    return { message, turn: { id: turnId, state: 'waiting' } }
  }

  begin(): void {
    const turn = this.#openTurn()
    turn.state = 'running'
    const { id: turn_id, message_id, question_id } = turn
    this.tell({ kind: 'turn-started', turn_id, seq: ++turn.seq, message_id, question_id })
  }

  say(text: string): void {
    const turn = this.#openTurn()
    turn.text += text
    const { id: turn_id, message_id } = turn
    this.tell({ kind: 'text-delta', turn_id, seq: ++turn.seq, message_id, text })
  }

  finish(status: 'done' | 'stopped' | 'failed' = 'done'): void {
    const turn = this.#openTurn()
    this.turn = null
    const message: Message = {
      id: turn.message_id,
      author: 'agent',
      text: turn.text,
      created_at: '2026-11-24T09:00:02Z',
      turn_id: turn.id,
      status,
    }
    this.messages.push(message)
    const { id: turn_id, message_id } = turn
    this.tell({ kind: 'turn-ended', turn_id, seq: turn.seq + 1, message_id, status, message })
  }

  tell(event: ChatEvent): void {
    const cursor = `${this.#epoch}.${++this.#offset}`
    this.#log.push({ cursor, event })
    for (const stream of this.#streams) stream.push({ kind: 'event', cursor, event })
  }

  beat(): void {
    for (const stream of this.#streams) stream.push({ kind: 'beat' })
  }

  /** Asks readers to wait so long before they come back. */
  askToWait(ms: number): void {
    for (const stream of this.#streams) stream.push({ kind: 'retry', ms })
  }

  /** Breaks every stream as a lost connection does. */
  cut(): void {
    for (const stream of this.#streams) stream.fail(failing(0, 'unreachable'))
  }

  /** Begins the log anew, as after a restart. */
  loseLog(): void {
    this.#epoch++
    this.#offset = 0
    this.#log.length = 0
    this.cut()
  }

  #openTurn(): Turn {
    if (!this.turn) throw new Error('expected a turn under way')
    return this.turn
  }

  #own(route: Route): Answerer {
    switch (route) {
      case 'POST /sessions':
        return () => this.entered()
      case 'GET /session':
        return () => ({ session: this.entered().session, visitor: this.entered().visitor })
      case 'GET /session/conversation':
        return () => this.snapshot()
      case 'POST /session/messages':
        return (ask) => this.take(ask.body as SendRequest)
      case 'POST /session/conversations':
        return () => {
          this.messages = []
          this.turn = null
          return this.snapshot()
        }
      default:
        return () => undefined
    }
  }

  async *#follow(cursor: string, signal: AbortSignal): AsyncGenerator<Frame> {
    this.followed.push(cursor)
    await Promise.resolve()
    signal.throwIfAborted()
    const failure = this.#followFailures.shift()
    if (failure) throw failure
    const stream = new Stream(signal)
    this.#streams.add(stream)
    stream.push({ kind: 'opened' })
    const at = this.#log.findIndex((entry) => entry.cursor === cursor)
    if (cursor.startsWith(`${this.#epoch}.`)) {
      for (const entry of this.#log.slice(at + 1)) stream.push({ kind: 'event', ...entry })
    } else if (cursor) {
      stream.push({ kind: 'event', cursor: this.cursor, event: { kind: 'log-reset' } })
    }
    try {
      yield* stream.read()
    } finally {
      this.#streams.delete(stream)
    }
  }
}

class Stream {
  readonly #frames: Frame[] = []
  #failure: unknown
  #wake: () => void = () => undefined

  constructor(signal: AbortSignal) {
    signal.addEventListener('abort', () => this.fail(signal.reason))
  }

  push(frame: Frame): void {
    this.#frames.push(frame)
    this.#wake()
  }

  fail(failure: unknown): void {
    this.#failure = failure
    this.#wake()
  }

  async *read(): AsyncGenerator<Frame> {
    for (;;) {
      // What has arrived is told although the reader may have left, as by a true network.
      const frame = this.#frames.shift()
      if (frame) yield frame
      else if (this.#failure) throw this.#failure
      else {
        await new Promise<void>((resolve) => {
          this.#wake = resolve
        })
      }
    }
  }
}
