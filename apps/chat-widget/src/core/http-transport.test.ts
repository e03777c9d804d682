import conversation from '@securechat/types/fixtures/conversation' with { type: 'json' }
import entered from '@securechat/types/fixtures/entered' with { type: 'json' }
import type { ChatEvent } from '@securechat/types/wire'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { Browser, pass, settle, spoken, until } from '../../test/tab'
import { createHttpTransport } from './http-transport'
import type { Frame } from './transport'

beforeEach(() => {
  vi.useFakeTimers()
})
afterEach(() => {
  vi.useRealTimers()
})

type Fetch = typeof globalThis.fetch

/** Records requests and answers them all alike. */
function answering(body: BodyInit | null, init?: ResponseInit) {
  const requests: { url: string; init: RequestInit }[] = []
  const fetch = ((url: string, init: RequestInit) => {
    requests.push({ url, init })
    return Promise.resolve(new Response(body, answer))
  }) as Fetch
  const answer = init
  return { requests, fetch }
}

describe('a call', () => {
  test('is JSON under the base, with the secret in a header and never in the address', async () => {
    const { requests, fetch } = answering('{"message":{},"turn":{"id":"t"}}', { status: 202 })
    const answer = await createHttpTransport('/api/v1', fetch).call('POST /session/messages', {
      body: { id: 'm', text: 'Hello' },
      token: 'secret',
    })
    expect(answer).toEqual({ message: {}, turn: { id: 't' } })
    expect(requests).toHaveLength(1)
    expect(requests[0]?.url).toBe('/api/v1/session/messages')
    expect(requests[0]?.init).toMatchObject({
      method: 'POST',
      body: '{"id":"m","text":"Hello"}',
      keepalive: true,
      headers: {
        accept: 'application/json',
        'content-type': 'application/json',
        authorization: 'Bearer secret',
      },
    })
  })

  test('fills the id in and adds the query', async () => {
    const { requests, fetch } = answering(null, { status: 204 })
    const transport = createHttpTransport('/api/v1', fetch)
    await transport.call('POST /session/turns/{id}/stop', { body: undefined, id: 'a/b' })
    const query = { before: 'x y' }
    await transport.call('GET /session/conversation', { body: undefined, query })
    expect(requests.map(({ url }) => url)).toEqual([
      '/api/v1/session/turns/a%2Fb/stop',
      '/api/v1/session/conversation?before=x+y',
    ])
    expect(requests[0]?.init.headers).not.toHaveProperty('authorization')
  })

  test('that is never answered fails after a while', async () => {
    const fetch: Fetch = (_url, init) =>
      new Promise((_resolve, reject) => {
        init?.signal?.addEventListener('abort', () => reject(init.signal?.reason))
      })
    const call = createHttpTransport('', fetch).call('GET /session', { body: undefined })
    const failed = expect(call).rejects.toMatchObject({ code: 'unreachable', passing: true })
    await pass(20_000)
    await failed
  })

  test('ends with the reason of its signal', async () => {
    const { fetch } = answering('{}')
    const signal = AbortSignal.abort(new Error('closed'))
    const call = createHttpTransport('', fetch).call('GET /session', { body: undefined, signal })
    await expect(call).rejects.toThrow('closed')
  })
})

describe('a stream', () => {
  const read = async (fetch: Fetch, cursor = '') => {
    const frames: Frame[] = []
    const { signal } = new AbortController()
    const ask = { cursor, signal, token: 'secret' }
    for await (const frame of createHttpTransport('/api/v1', fetch).follow(ask)) frames.push(frame)
    return frames
  }

  test('begins after the cursor, which stands in a header', async () => {
    const { requests, fetch } = answering('')
    await read(fetch, 'e.7')
    await read(fetch)
    expect(requests.map(({ url }) => url)).toEqual(Array(2).fill('/api/v1/session/events'))
    expect(requests[0]?.init.headers).toEqual({
      accept: 'text/event-stream',
      authorization: 'Bearer secret',
      'last-event-id': 'e.7',
    })
    expect(requests[1]?.init.headers).not.toHaveProperty('last-event-id')
  })

  test('tells signs of life, waits and events, and counts those it does not know', async () => {
    const body =
      ': hello\n\nretry: 500\n\nid: e.1\nevent: log-reset\ndata: {}\n\n' +
      'id: e.2\nevent: turn-danced\ndata: {}\n\nid: e.3\nevent: text-delta\ndata: {{{\n\n'
    expect(await read(answering(body).fetch)).toEqual([
      { kind: 'opened' },
      { kind: 'beat' },
      { kind: 'retry', ms: 500 },
      { kind: 'event', cursor: 'e.1', event: { kind: 'log-reset' } },
      { kind: 'event', cursor: 'e.2', event: null },
      { kind: 'event', cursor: 'e.3', event: null },
    ])
  })

  test('that breaks is a failure that may pass', async () => {
    const body = new ReadableStream({ start: (c) => c.error(new TypeError('network error')) })
    await expect(read(answering(body).fetch)).rejects.toMatchObject({ passing: true })
  })

  test('that is refused is a failure with its code', async () => {
    const problem = { code: 'session_expired', title: 'Expired' }
    const { fetch } = answering(JSON.stringify(problem), { status: 401 })
    await expect(read(fetch)).rejects.toMatchObject({ status: 401, code: 'session_expired' })
  })
})

describe('a reader cut off', () => {
  const about = { turn_id: 't1', message_id: 'a1' }
  const created_at = '2026-11-24T09:00:00Z'
  const text = 'Die **Fjell 2** wiegt 2,1 kg. 🏕️ Schöne Reise!'
  const events: ChatEvent[] = [
    {
      kind: 'message-added',
      message: { id: 'q1', author: 'visitor', text: 'Welches Zelt?', created_at, turn_id: 't1' },
    },
    { kind: 'turn-started', ...about, seq: 1, question_id: 'q1' },
    { kind: 'activity-noted', turn_id: 't1', seq: 2, label: 'Ich sehe nach …' },
    { kind: 'text-delta', ...about, seq: 3, text: 'Der falsche Anfang' },
    { kind: 'text-replaced', ...about, seq: 4, text: 'Die **Fjell 2** ' },
    { kind: 'text-delta', ...about, seq: 5, text: 'wiegt 2,1 kg. 🏕️ ' },
    { kind: 'text-delta', ...about, seq: 6, text: 'Schöne Reise!' },
    { kind: 'turn-ended', ...about, seq: 7, status: 'done' },
  ]
  const frames = events.map(({ kind, ...data }, i) =>
    new TextEncoder().encode(`id: e.${i + 1}\nevent: ${kind}\ndata: ${JSON.stringify(data)}\n\n`),
  )
  const empty = { ...conversation, messages: [], turn: null, cursor: 'e.0', more: false }
  const { token: _, ...resumed } = { ...entered, conversation: empty, cursor: 'e.0' }

  /** Serves the log after the cursor; the first stream breaks after so many bytes. */
  function serving(cut: number): Fetch {
    let streams = 0
    return ((url: string, init: RequestInit) => {
      if (url.endsWith('/sessions')) return Promise.resolve(Response.json(resumed))
      const cursor = (init.headers as Record<string, string>)['last-event-id'] ?? ''
      const rest = frames.slice(Number(cursor.split('.')[1])).flatMap((frame) => [...frame])
      const breaks = streams++ === 0
      return Promise.resolve(new Response(bodyOf(breaks ? rest.slice(0, cut) : rest, breaks)))
    }) as Fetch
  }

  function bodyOf(bytes: number[], breaks: boolean): ReadableStream<Uint8Array> {
    let told = false
    return new ReadableStream({
      pull(controller) {
        if (!told && bytes.length) controller.enqueue(Uint8Array.from(bytes))
        else if (breaks) controller.error(new TypeError('network error'))
        told = true
      },
    })
  }

  test('after any byte ends with exactly the stored text', async () => {
    const length = frames.reduce((sum, frame) => sum + frame.length, 0)
    for (let cut = 0; cut <= length; cut++) {
      const transport = createHttpTransport('/api/v1', serving(cut))
      const chat = new Browser().open({ transport })
      await chat.start()
      chat.setVisible(true)
      await until(chat, ({ phase }) => phase === 'reconnecting')
      await pass(2_000)
      await until(chat, ({ messages }) => messages.at(-1)?.status === 'done')
      expect(spoken(chat), `cut after ${cut} bytes`).toEqual([
        'visitor: Welches Zelt?',
        `agent: ${text}`,
      ])
      chat.close()
      await settle()
    }
  })
})
