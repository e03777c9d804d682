import problem from '@securechat/types/fixtures/problem' with { type: 'json' }
import { expect, test } from 'vitest'
import { Failure, readJson, request, retryAfter } from './http.ts'

const answering = (body: BodyInit | null, init?: ResponseInit) => () =>
  Promise.resolve(new Response(body, init))

const failureOf = (promise: Promise<unknown>) =>
  promise.then(
    () => expect.unreachable('expected a failure'),
    (error: unknown) => error,
  )

test('a success is handed over unread', async () => {
  const response = await request(answering('{"a":1}'), '/x', {})
  expect(await readJson(response)).toEqual({ a: 1 })
})

test('an empty success has no body', async () => {
  expect(await readJson(new Response(null, { status: 204 }))).toBeUndefined()
})

test('a problem becomes a failure with its code, words, id and wait', async () => {
  const fetch = answering(JSON.stringify(problem), {
    status: 429,
    headers: { 'content-type': 'application/problem+json', 'retry-after': '12' },
  })
  expect(await failureOf(request(fetch, '/x', {}))).toMatchObject({
    name: 'Failure',
    status: 429,
    code: 'rate_limited',
    title: problem.title,
    id: problem.id,
    retryAfter: 12_000,
    passing: true,
  })
})

test('a failure in words that are not ours shows none of them', async () => {
  const fetch = answering('<h1>Bad gateway at upstream-7</h1>', { status: 502 })
  const failure = await failureOf(request(fetch, '/x', {}))
  expect(failure).toMatchObject({ status: 502, code: 'http_error', title: 'Something went wrong' })
})

test('no connection is a failure that may pass', async () => {
  const fetch = () => Promise.reject(new TypeError('Failed to fetch'))
  expect(await failureOf(request(fetch, '/x', {}))).toMatchObject({
    code: 'unreachable',
    status: 0,
    passing: true,
  })
})

test('an aborted request ends with the reason of its signal, not with a failure', async () => {
  const fetch = () => Promise.reject(new TypeError('aborted'))
  const signal = AbortSignal.abort(new Error('closed'))
  expect(await failureOf(request(fetch, '/x', { signal }))).toEqual(new Error('closed'))
})

test('a success that cannot be read is a failure', async () => {
  expect(await failureOf(readJson(new Response('<html>')))).toMatchObject({ code: 'bad_answer' })
})

test('what the caller did wrong does not pass by waiting', () => {
  const passing = (status: number) => new Failure({ code: 'x', title: 'x', status }).passing
  expect([400, 401, 403, 404, 409, 413, 422].map(passing)).not.toContain(true)
  expect([0, 200, 202, 408, 429, 500, 502, 503, 504].map(passing)).not.toContain(false)
})

test('Retry-After is read as seconds or as a date', () => {
  const now = Date.parse('2026-11-24T09:00:00Z')
  expect(retryAfter('30', now)).toBe(30_000)
  expect(retryAfter('Tue, 24 Nov 2026 09:01:00 GMT', now)).toBe(60_000)
  expect(retryAfter('Tue, 24 Nov 2026 08:00:00 GMT', now)).toBe(0)
  expect(retryAfter('soon', now)).toBeUndefined()
  expect(retryAfter(null, now)).toBeUndefined()
})
