import type { ChatEvent, Conversation, EventData, Message, Sent } from '@securechat/types/wire'
import type { OpenTurn, ViewMessage } from './view'

/** What the server said so far of one conversation. */
export interface Thread {
  /** Oldest first; an answer stands behind its question. */
  readonly messages: readonly ViewMessage[]
  /** Turns under way, in the order they were told. */
  readonly turns: readonly FollowedTurn[]
  /** Ids of turns that ended; what is told of them again is old news. */
  readonly ended: ReadonlySet<string>
  readonly more: boolean
  /** Something was missed: the conversation must be fetched anew. */
  readonly broken: boolean
}

interface FollowedTurn extends OpenTurn {
  /** Of the last event folded in. */
  readonly seq: number
}

export const emptyThread: Thread = {
  messages: [],
  turns: [],
  ended: new Set(),
  more: false,
  broken: false,
}

/** The thread that a fetched conversation describes. */
export function fromConversation({ messages, turn, more }: Conversation): Thread {
  const thread: Thread = {
    ...emptyThread,
    messages: messages.map(fromMessage).reduce(place, []),
    ended: new Set(messages.flatMap((m) => (m.status && m.turn_id ? [m.turn_id] : []))),
    more,
  }
  if (turn === null) return thread
  const { id, state, seq, text, message_id, question_id } = turn
  const followed: FollowedTurn = { id, state, seq, messageId: message_id }
  const opened = { ...thread, turns: [followed] }
  if (state === 'waiting') return opened
  return beginAnswer(opened, { turn_id: id, message_id, question_id }, text)
}

/** The thread with a page of older messages in front. */
export function withOlder(thread: Thread, page: Conversation): Thread {
  const known = new Set(thread.messages.map((m) => m.id))
  const older = page.messages.map(fromMessage).filter((m) => !known.has(m.id))
  return { ...thread, messages: [...older, ...thread.messages].reduce(place, []), more: page.more }
}

/** Takes in the server's receipt for a question, which may come before or after the events. */
export function withSent(thread: Thread, { message, turn }: Sent): Thread {
  const added = addMessage(thread, message)
  const over = turn.state !== undefined && turn.state !== 'waiting' && turn.state !== 'running'
  if (over || added.ended.has(turn.id) || added.turns.some((t) => t.id === turn.id)) return added
  return withTurn(added, { id: turn.id, seq: 0, state: 'waiting' })
}

/** Folds one event in. The same thread comes back where the event is old news. */
export function reduce(thread: Thread, event: ChatEvent): Thread {
  if (event.kind === 'log-reset') return { ...thread, broken: true }
  if (event.kind === 'message-added') return addMessage(thread, event.message)
  if (thread.broken || thread.ended.has(event.turn_id)) return thread

  const turn = thread.turns.find((t) => t.id === event.turn_id)
  if (turn && event.seq <= turn.seq) return thread
  const followsOn = event.seq === (turn?.seq ?? 0) + 1
  if (!followsOn && !standsAlone(event)) return { ...thread, broken: true }
  return foldTurn(thread, event)
}

/** Nothing is lost with the events before these: no text comes before a turn starts, and a stored answer is whole. */
function standsAlone(event: ChatEvent): boolean {
  return (
    event.kind === 'turn-queued' ||
    event.kind === 'turn-started' ||
    (event.kind === 'turn-ended' && event.message !== undefined)
  )
}

type TurnEvent = Exclude<ChatEvent, { kind: 'log-reset' | 'message-added' }>

function foldTurn(thread: Thread, event: TurnEvent): Thread {
  const { turn_id: id, seq } = event
  switch (event.kind) {
    case 'turn-queued':
      return withTurn(thread, { id, seq, state: 'waiting', position: event.position })
    case 'turn-started':
      return beginAnswer(
        withTurn(thread, { id, seq, state: 'running', messageId: event.message_id }),
        event,
        '',
      )
    case 'activity-noted':
      return withTurn(thread, { ...running(thread, event), activity: event.label })
    case 'text-delta':
      return withAnswer(withTurn(thread, running(thread, event)), event, (answer) => ({
        text: answer.text + event.text,
      }))
    case 'text-replaced':
      return withAnswer(withTurn(thread, running(thread, event)), event, () => ({
        text: event.text,
      }))
    case 'card-added':
      return withAnswer(withTurn(thread, running(thread, event)), event, (answer) => ({
        cards: [...(answer.cards ?? []), event.card],
      }))
    case 'turn-ended':
      return endTurn(thread, event)
  }
}

/** The turn that an event of a running answer leaves behind; a tool's activity is over by then. */
function running(
  thread: Thread,
  { turn_id: id, seq, message_id }: { turn_id: string; seq: number; message_id?: string },
): FollowedTurn {
  const messageId = message_id ?? thread.turns.find((t) => t.id === id)?.messageId
  return { id, seq, state: 'running', ...(messageId !== undefined && { messageId }) }
}

function endTurn(thread: Thread, event: EventData['turn-ended']): Thread {
  const told = event.message && fromMessage(event.message)
  const folded = withAnswer(thread, event, () => ({
    ...told,
    status: event.status,
    ...(event.error && { problem: event.error }),
  }))
  return {
    ...folded,
    turns: thread.turns.filter((t) => t.id !== event.turn_id),
    ended: new Set(thread.ended).add(event.turn_id),
  }
}

function addMessage(thread: Thread, message: Message): Thread {
  if (thread.messages.some((m) => m.id === message.id)) return thread
  return { ...thread, messages: place([...thread.messages], fromMessage(message)) }
}

function withTurn(thread: Thread, turn: FollowedTurn): Thread {
  const known = thread.turns.some((t) => t.id === turn.id)
  return {
    ...thread,
    turns: known ? thread.turns.map((t) => (t.id === turn.id ? turn : t)) : [...thread.turns, turn],
  }
}

/** Opens the answer, empty or with what is known of it, and ties the question to its turn. */
function beginAnswer(
  thread: Thread,
  about: { turn_id: string; message_id: string; question_id: string },
  text: string,
): Thread {
  const messages = thread.messages.map((m) =>
    m.id === about.question_id && m.turnId === undefined ? { ...m, turnId: about.turn_id } : m,
  )
  return withAnswer({ ...thread, messages }, about, () => ({ text, status: 'streaming' }))
}

function withAnswer(
  thread: Thread,
  { turn_id, message_id }: { turn_id: string; message_id: string },
  change: (answer: ViewMessage) => Partial<ViewMessage>,
): Thread {
  const at = thread.messages.findLastIndex((m) => m.id === message_id)
  const found = thread.messages[at]
  if (found) {
    return { ...thread, messages: thread.messages.with(at, { ...found, ...change(found) }) }
  }
  const question = thread.messages.findLast((m) => m.turnId === turn_id) ?? thread.messages.at(-1)
  const fresh: ViewMessage = {
    id: message_id,
    author: 'agent',
    text: '',
    createdAt: question?.createdAt ?? 0,
    turnId: turn_id,
  }
  return { ...thread, messages: place([...thread.messages], { ...fresh, ...change(fresh) }) }
}

/** Adds a message at the end, but an answer behind its question, whatever came between. */
function place(messages: ViewMessage[], message: ViewMessage): ViewMessage[] {
  const behind =
    message.author === 'agent' && message.turnId !== undefined
      ? messages.findLastIndex((m) => m.turnId === message.turnId)
      : -1
  messages.splice(behind < 0 ? messages.length : behind + 1, 0, message)
  return messages
}

/** A stored message as the shopper sees it. */
function fromMessage(message: Message): ViewMessage {
  const { id, author, text, turn_id, status, error, rating, cards } = message
  return {
    id,
    author,
    text,
    createdAt: Date.parse(message.created_at),
    ...(author === 'visitor' && { delivery: 'sent' as const }),
    ...(turn_id !== undefined && { turnId: turn_id }),
    ...(status && { status }),
    ...(error && { problem: error }),
    ...(rating && { rating }),
    ...(cards?.length && { cards }),
  }
}

/** The turn to show: the one that runs, or else the first in line. */
export function openTurn(thread: Thread): OpenTurn | null {
  const turn = thread.turns.find((t) => t.state === 'running') ?? thread.turns[0]
  if (turn === undefined) return null
  const { seq: _, ...shown } = turn
  return shown
}
