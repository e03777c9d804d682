import { readdirSync, readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import current from './fixtures/current-session.json' with { type: 'json' }
import { isFrameConfig, isMessage, isProblem, isSent, toEvent } from './guards.ts'
import type { CurrentSession } from './wire.ts'

const folder = new URL('fixtures/', import.meta.url)
const fixture = (name: string) => JSON.parse(readFileSync(new URL(`${name}.json`, folder), 'utf8'))

const kinds = [
  'message-added',
  'turn-queued',
  'turn-started',
  'text-delta',
  'text-replaced',
  'activity-noted',
  'card-added',
  'turn-ended',
  'log-reset',
] as const

test.each(kinds)('the fixture of %s is an event of that kind', (kind) => {
  const data = fixture(`event-${kind}`)
  expect(toEvent(kind, data)).toEqual({ ...data, kind })
})

test('every event fixture belongs to a kind', () => {
  const named = readdirSync(folder).filter((file) => file.startsWith('event-'))
  expect(named.filter((file) => !kinds.some((kind) => file.startsWith(`event-${kind}`)))).toEqual(
    [],
  )
})

test.each(kinds.filter((kind) => kind !== 'log-reset'))(
  '%s without its members is no event',
  (kind) => {
    for (const missing of Object.keys(fixture(`event-${kind}`))) {
      const { [missing]: _, ...rest } = fixture(`event-${kind}`)
      const optional = kind === 'turn-ended' && missing === 'message'
      expect(toEvent(kind, rest) === null, `without ${missing}`).toBe(!optional)
    }
  },
)

test('an unknown kind, an inherited name and data that is no object are no events', () => {
  expect(toEvent('turn-danced', {})).toBeNull()
  expect(toEvent('constructor', {})).toBeNull()
  expect(toEvent('log-reset', [])).toBeNull()
  expect(toEvent('text-delta', 'text')).toBeNull()
})

test('messages, receipts, problems and the frame configuration are known by their members', () => {
  expect(fixture('conversation').messages.every(isMessage)).toBe(true)
  expect(isSent(fixture('sent'))).toBe(true)
  expect(isSent({ ...fixture('sent'), message: undefined })).toBe(false)
  expect(isSent({ ...fixture('sent'), turn: {} })).toBe(false)
  expect(isProblem(fixture('problem'))).toBe(true)
  expect(isProblem(fixture('sent'))).toBe(false)
  expect(isFrameConfig(fixture('frame-config'))).toBe(true)
  expect(isFrameConfig(fixture('entered'))).toBe(false)
})

test('the types read the fixtures', () => {
  const session: CurrentSession = current
  expect(session.visitor.returning).toBe(true)
})
