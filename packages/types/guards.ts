import type { ChatEvent, EventKind, FrameConfig, Message, Problem, Sent } from './wire.ts'

/**
 * Checks at the edge, for what arrives from elsewhere: each tells whether the
 * members that programs lean on are there. Unknown members are let through.
 */

type Loose = Record<string, unknown>

const isObject = (value: unknown): value is Loose =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

const hasText = (value: Loose, ...names: string[]): boolean =>
  names.every((name) => typeof value[name] === 'string')

export function isMessage(value: unknown): value is Message {
  return isObject(value) && hasText(value, 'id', 'author', 'text', 'created_at')
}

export function isSent(value: unknown): value is Sent {
  return (
    isObject(value) && isMessage(value.message) && isObject(value.turn) && hasText(value.turn, 'id')
  )
}

export function isProblem(value: unknown): value is Problem {
  return isObject(value) && hasText(value, 'code', 'title')
}

export function isFrameConfig(value: unknown): value is FrameConfig {
  return (
    isObject(value) &&
    hasText(value, 'site_key', 'ticket', 'locale') &&
    Array.isArray(value.origins) &&
    isObject(value.branding) &&
    isObject(value.features)
  )
}

const ofTurn = (data: Loose): boolean =>
  typeof data.turn_id === 'string' && Number.isInteger(data.seq)

const ofAnswer = (data: Loose): boolean => ofTurn(data) && hasText(data, 'message_id')

const shapes: Record<EventKind, (data: Loose) => boolean> = {
  'message-added': (data) => isMessage(data.message),
  'turn-queued': (data) => ofTurn(data) && Number.isInteger(data.position),
  'turn-started': (data) => ofAnswer(data) && hasText(data, 'question_id'),
  'text-delta': (data) => ofAnswer(data) && hasText(data, 'text'),
  'text-replaced': (data) => ofAnswer(data) && hasText(data, 'text'),
  'activity-noted': (data) => ofTurn(data) && hasText(data, 'label'),
  'card-added': (data) => ofAnswer(data) && isObject(data.card),
  'turn-ended': (data) => ofAnswer(data) && hasText(data, 'status'),
  'log-reset': () => true,
}

/** An event from its kind and data, or null where the kind is unknown or the data does not fit it. */
export function toEvent(kind: string, data: unknown): ChatEvent | null {
  if (!Object.hasOwn(shapes, kind) || !isObject(data)) return null
  if (!shapes[kind as EventKind](data)) return null
  return { ...data, kind } as ChatEvent
}
