import { toEvent } from '@securechat/types/guards'
import type { Route, Routes } from '@securechat/types/wire'
import { Failure, readJson, request } from '@securechat/utils/http'
import { readEvents, type StreamItem } from '@securechat/utils/sse'
import type { Ask, Frame, Transport } from './transport'

/** Milliseconds; an answer that took longer is taken for a lost one. */
const patience = 20_000

/** Speaks to the server at `base`, for example `/api/v1`. */
export function createHttpTransport(base: string, fetch: typeof globalThis.fetch): Transport {
  return {
    call: (route, ask) => within(ask.signal, (signal) => call(base, fetch, route, ask, signal)),
    follow: (ask) => follow(base, fetch, ask),
  }
}

async function call<R extends Route>(
  base: string,
  fetch: typeof globalThis.fetch,
  route: R,
  ask: Ask<R>,
  signal: AbortSignal,
): Promise<Routes[R]['answer']> {
  const [method = '', path = ''] = route.split(' ')
  const query = ask.query ? `?${new URLSearchParams(ask.query)}` : ''
  const response = await request(
    fetch,
    base + path.replace('{id}', encodeURIComponent(ask.id ?? '')) + query,
    {
      method,
      headers: {
        accept: 'application/json',
        ...(ask.body && { 'content-type': 'application/json' }),
        ...credential(ask.token),
      },
      body: ask.body ? JSON.stringify(ask.body) : null,
      cache: 'no-store',
      // A question asked while the shopper leaves for the next page still arrives.
      keepalive: method === 'POST',
      signal,
    },
  )
  return (await readJson(response)) as Routes[R]['answer']
}

async function* follow(
  base: string,
  fetch: typeof globalThis.fetch,
  { cursor, token, signal }: Parameters<Transport['follow']>[0],
): AsyncGenerator<Frame> {
  const response = await request(fetch, `${base}/session/events`, {
    headers: {
      accept: 'text/event-stream',
      ...(cursor && { 'last-event-id': cursor }),
      ...credential(token),
    },
    cache: 'no-store',
    signal,
  })
  yield { kind: 'opened' }
  if (!response.body) return
  try {
    for await (const item of readEvents(response.body)) yield toFrame(item)
  } catch (cause) {
    signal.throwIfAborted()
    throw new Failure({ code: 'unreachable', status: 0, title: 'The connection broke' }, cause)
  }
}

function toFrame(item: StreamItem): Frame {
  switch (item.type) {
    case 'comment':
      return { kind: 'beat' }
    case 'retry':
      return item.ms > 0 ? { kind: 'retry', ms: item.ms } : { kind: 'beat' }
    case 'event':
      return { kind: 'event', cursor: item.id ?? '', event: toEvent(item.event, parse(item.data)) }
  }
}

function parse(data: string): unknown {
  try {
    return JSON.parse(data)
  } catch {
    return null
  }
}

function credential(token: string | undefined): Record<string, string> {
  return token === undefined ? {} : { authorization: `Bearer ${token}` }
}

async function within<T>(
  outer: AbortSignal | undefined,
  act: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  outer?.throwIfAborted()
  const inner = new AbortController()
  const end = () => inner.abort(outer?.reason)
  outer?.addEventListener('abort', end)
  const timer = setTimeout(
    () => inner.abort(new Failure({ code: 'unreachable', status: 0, title: 'No answer came' })),
    patience,
  )
  try {
    return await act(inner.signal)
  } finally {
    clearTimeout(timer)
    outer?.removeEventListener('abort', end)
  }
}
