import type { ChatEvent, Conversation, Message, Turn } from '@securechat/types/wire'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { emptyThread, fromConversation, openTurn, reduce, type Thread, withSent } from './reduce'

const at = '2026-11-24T09:00:00Z'

const question = (n: number): Message => ({
  id: `q${n}`,
  author: 'visitor',
  text: `question ${n}`,
  created_at: at,
  turn_id: `t${n}`,
})

type Step = { say: string } | { replace: string } | { note: string } | { card: string }

interface Script {
  steps: Step[]
  status: 'done' | 'stopped' | 'failed' | 'interrupted'
  stored: boolean
}

/** The events of a turn as a server tells them, and the answer as it stores it. */
function tell(n: number, { steps, status, stored }: Script): { events: ChatEvent[]; text: string } {
  const about = { turn_id: `t${n}`, message_id: `a${n}` }
  let seq = 1
  let text = ''
  const events: ChatEvent[] = [
    { kind: 'message-added', message: question(n) },
    { kind: 'turn-queued', turn_id: about.turn_id, seq: seq++, position: 1 },
    { kind: 'turn-started', ...about, seq: seq++, question_id: `q${n}` },
  ]
  for (const step of steps) {
    if ('say' in step) {
      text += step.say
      events.push({ kind: 'text-delta', ...about, seq: seq++, text: step.say })
    } else if ('replace' in step) {
      text = step.replace
      events.push({ kind: 'text-replaced', ...about, seq: seq++, text })
    } else if ('note' in step) {
      events.push({ kind: 'activity-noted', turn_id: about.turn_id, seq: seq++, label: step.note })
    } else {
      events.push({ kind: 'card-added', ...about, seq: seq++, card: { title: step.card } })
    }
  }
  const answer: Message = {
    id: about.message_id,
    author: 'agent',
    text,
    created_at: at,
    turn_id: about.turn_id,
    status,
  }
  const message = stored ? { message: answer } : {}
  events.push({ kind: 'turn-ended', ...about, seq, status, ...message })
  return { events, text }
}

const script: fc.Arbitrary<Script> = fc.record({
  steps: fc.array(
    fc.oneof(
      { weight: 6, arbitrary: fc.string().map((say) => ({ say })) },
      fc.string().map((replace) => ({ replace })),
      fc.string().map((note) => ({ note })),
      fc.string().map((card) => ({ card })),
    ),
    { maxLength: 12 },
  ),
  status: fc.constantFrom('done', 'stopped', 'failed', 'interrupted'),
  stored: fc.boolean(),
})

const log = fc
  .array(script, { minLength: 1, maxLength: 3 })
  .map((scripts) => scripts.map((each, i) => tell(i + 1, each)))
  .map((turns) => ({
    events: turns.flatMap(({ events }) => events),
    texts: turns.map(({ text }) => text),
  }))

const answers = (thread: Thread) =>
  thread.messages.filter(({ author }) => author === 'agent').map(({ text }) => text)

const fold = (events: ChatEvent[], thread = emptyThread) => events.reduce(reduce, thread)

describe('folding the events', () => {
  test('gives the stored text', () => {
    fc.assert(
      fc.property(log, ({ events, texts }) => {
        const thread = fold(events)
        expect(answers(thread)).toEqual(texts)
        expect(thread.turns).toEqual([])
        expect(thread.broken).toBe(false)
      }),
    )
  })

  test('gives the same however often the line is cut and goes on from further back', () => {
    const reading = log.chain(({ events, texts }) =>
      fc.record({
        texts: fc.constant(texts),
        whole: fc.constant(events),
        // Each break goes back to any place before it, and reads on to any place after it.
        breaks: fc.array(fc.tuple(fc.nat(events.length), fc.nat(events.length))),
      }),
    )
    fc.assert(
      fc.property(reading, ({ texts, whole, breaks }) => {
        let thread = emptyThread
        let read = 0
        for (const [back, on] of [...breaks, [0, whole.length] as const]) {
          const from = Math.min(back, read)
          const to = Math.max(read, on)
          thread = fold(whole.slice(from, to), thread)
          read = to
        }
        expect(thread).toEqual(fold(whole))
        expect(answers(thread)).toEqual(texts)
      }),
    )
  })

  test('gives the same from a conversation fetched at any moment, with events told around it', () => {
    const fetching = fc
      .tuple(script, fc.nat(), fc.nat())
      .map(([each, fetched, from]) => ({ ...tell(1, each), fetched, from }))
    fc.assert(
      fc.property(fetching, ({ events, text, fetched, from }) => {
        const moment = fetched % (events.length + 1)
        const known = fold(events.slice(0, moment))
        const turn = openTurn(known)
        const stored: Turn | null = turn && {
          id: 't1',
          state: turn.state,
          question_id: 'q1',
          message_id: 'a1',
          text: answers(known)[0] ?? '',
          seq: moment - 1,
        }
        const conversation: Conversation = {
          messages: known.messages
            .filter(({ status }) => status !== 'streaming')
            .map((m) => ({ ...m, created_at: at, turn_id: 't1' }) as unknown as Message),
          turn: stored,
          cursor: '',
          more: false,
        }
        const rest = events.slice(from % (moment + 1))
        const thread = fold(rest, fromConversation(conversation))
        expect(answers(thread)).toEqual([text])
        expect(thread.broken).toBe(false)
        expect(thread.turns).toEqual([])
      }),
    )
  })

  test('never gives another text where events are lost: it says so, or the loss did no harm', () => {
    const losing = log.chain(({ events, texts }) =>
      fc.record({
        texts: fc.constant(texts),
        told: fc.subarray(events.filter(({ kind }) => kind !== 'message-added')),
        whole: fc.constant(events),
      }),
    )
    fc.assert(
      fc.property(losing, ({ texts, told, whole }) => {
        const kept = new Set(told)
        const thread = fold(whole.filter((e) => e.kind === 'message-added' || kept.has(e)))
        if (thread.broken) return
        for (const message of thread.messages) {
          if (message.author !== 'agent' || message.status === 'streaming') continue
          expect(message.text).toBe(texts[Number(message.id.slice(1)) - 1])
        }
      }),
    )
  })

  test('leaves the same thread where an event is old news', () => {
    const { events } = tell(1, { steps: [{ say: 'text' }], status: 'done', stored: true })
    const thread = fold(events)
    for (const event of events) expect(reduce(thread, event)).toBe(thread)
  })
})

describe('an answer', () => {
  const { events } = tell(1, { steps: [{ say: 'one' }], status: 'done', stored: false })

  test('stands behind its question, whatever was asked meanwhile', () => {
    const [added, queued, started, ...rest] = events
    const other: ChatEvent = { kind: 'message-added', message: question(2) }
    const thread = fold([added, queued, other, started, ...rest].filter((e) => e !== undefined))
    expect(thread.messages.map(({ id }) => id)).toEqual(['q1', 'a1', 'q2'])
    const stored = thread.messages.map((m) => ({ ...m, created_at: at, turn_id: m.turnId }))
    const asStored = [stored[0], stored[2], stored[1]] as unknown as Message[]
    const fetched = fromConversation({ messages: asStored, turn: null, cursor: '', more: false })
    expect(fetched.messages.map(({ id }) => id)).toEqual(['q1', 'a1', 'q2'])
  })

  test('that fails keeps what was said and tells why', () => {
    const error = { code: 'agent_failed', title: 'No answer', id: 'err_1' }
    const about = { turn_id: 't1', message_id: 'a1' }
    const ended: ChatEvent = { kind: 'turn-ended', ...about, seq: 4, status: 'failed', error }
    const thread = fold([...events.slice(0, -1), ended])
    expect(thread.messages.at(-1)).toMatchObject({ text: 'one', status: 'failed', problem: error })
  })

  test('tells what a tool does until the next word', () => {
    const about = { turn_id: 't1', message_id: 'a1' }
    const noted: ChatEvent = { kind: 'activity-noted', turn_id: 't1', seq: 3, label: 'Looking' }
    const thread = fold([...events.slice(0, 3), noted])
    expect(openTurn(thread)).toEqual({
      id: 't1',
      state: 'running',
      messageId: 'a1',
      activity: 'Looking',
    })
    const word: ChatEvent = { kind: 'text-delta', ...about, seq: 4, text: 'so' }
    expect(openTurn(reduce(thread, word))).not.toHaveProperty('activity')
  })
})

describe('the turn shown', () => {
  test('is the one that runs, or else the first in line', () => {
    const queued = (id: string, position: number): ChatEvent => ({
      kind: 'turn-queued',
      turn_id: id,
      seq: 1,
      position,
    })
    const waiting = fold([queued('t1', 4), queued('t2', 5)])
    expect(openTurn(waiting)).toEqual({ id: 't1', state: 'waiting', position: 4 })
    const started: ChatEvent = {
      kind: 'turn-started',
      turn_id: 't2',
      seq: 2,
      message_id: 'a2',
      question_id: 'q2',
    }
    expect(openTurn(reduce(waiting, started))).toMatchObject({ id: 't2', state: 'running' })
  })

  test('is known from the receipt of its question, whether it comes before or after the events', () => {
    const sent = { message: question(1), turn: { id: 't1', state: 'waiting' as const } }
    const { events } = tell(1, { steps: [{ say: 'x' }], status: 'done', stored: true })
    const early = withSent(emptyThread, sent)
    expect(openTurn(early)).toEqual({ id: 't1', state: 'waiting' })
    const late = withSent(fold(events), sent)
    expect(openTurn(late)).toBeNull()
    expect(fold(events, early)).toEqual(late)
    const running = fold(events.slice(0, 3))
    expect(openTurn(withSent(running, sent))?.state).toBe('running')
  })
})

test('a log that began anew breaks the thread until it is fetched', () => {
  expect(reduce(emptyThread, { kind: 'log-reset' }).broken).toBe(true)
})
