import { createParser } from 'eventsource-parser'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { readEvents, type StreamItem } from './sse.ts'

const encode = (text: string) => new TextEncoder().encode(text)

function bodyOf(...pieces: Uint8Array[]): ReadableStream<Uint8Array> {
  return new ReadableStream({
    start(controller) {
      for (const piece of pieces) controller.enqueue(piece)
      controller.close()
    },
  })
}

async function readAll(body: ReadableStream<Uint8Array>): Promise<StreamItem[]> {
  const items: StreamItem[] = []
  for await (const item of readEvents(body)) items.push(item)
  return items
}

const stream =
  '\uFEFF: hello\n\nretry: 2000\n\nid: e.1\nevent: text-delta\ndata: {"text":"Grüße 🏕️"}\n\n' +
  'id: e.2\nevent: text-delta\ndata: one\ndata: two\n\n:\n\ndata: no id, no name\n\n'

const told: StreamItem[] = [
  { type: 'comment' },
  { type: 'retry', ms: 2000 },
  { type: 'event', id: 'e.1', event: 'text-delta', data: '{"text":"Grüße 🏕️"}' },
  { type: 'event', id: 'e.2', event: 'text-delta', data: 'one\ntwo' },
  { type: 'comment' },
  { type: 'event', event: 'message', data: 'no id, no name' },
]

test.each([
  ['LF', '\n'],
  ['CR', '\r'],
  ['CRLF', '\r\n'],
])('a stream with %s line ends tells the same, cut after any byte', async (_name, end) => {
  // A last CR may be half of a CRLF; only what follows settles it.
  const bytes = encode(`${stream.replaceAll('\n', end)}:`)
  for (let cut = 0; cut <= bytes.length; cut++) {
    expect(await readAll(bodyOf(bytes.slice(0, cut), bytes.slice(cut))), `cut at ${cut}`).toEqual(
      told,
    )
  }
})

test('a stream that comes byte by byte tells the same', async () => {
  const bytes = Array.from(encode(stream), (byte) => Uint8Array.of(byte))
  expect(await readAll(bodyOf(...bytes))).toEqual(told)
})

test('a broken stream tells whole events only', async () => {
  const bytes = encode(stream)
  for (let end = 0; end <= bytes.length; end++) {
    const items = await readAll(bodyOf(bytes.slice(0, end)))
    expect(items, `ended at ${end}`).toEqual(told.slice(0, items.length))
  }
})

/** What a parser in wide use makes of the same text. */
function asReferred(text: string): StreamItem[] {
  const items: StreamItem[] = []
  const parser = createParser({
    onEvent: ({ id, event = 'message', data }) =>
      items.push({ type: 'event', event, data, ...(id !== undefined && { id }) }),
    onComment: () => items.push({ type: 'comment' }),
    onRetry: (ms) => items.push({ type: 'retry', ms }),
  })
  parser.feed(text)
  return items
}

test('any text at all tells what it tells to a parser in wide use', async () => {
  const fragment = fc.oneof(
    fc.constantFrom(
      'data',
      'event',
      'id',
      'retry',
      'Data',
      ':',
      ': ',
      ' ',
      '\n',
      '\r',
      '\r\n',
      '\0',
    ),
    fc.constantFrom(
      'data: ',
      'id: 1',
      'event: x',
      'retry: 12',
      'retry: x',
      '\n\n',
      '\u2028',
      '\uFEFF',
    ),
    fc.string({ unit: 'grapheme', maxLength: 4 }),
  )
  // A last CR may be half of a CRLF; only what follows settles it.
  const text = fc.array(fragment, { maxLength: 40 }).map((some) => `${some.join('')}:`)
  await fc.assert(
    fc.asyncProperty(text, fc.nat(), async (stream, cut) => {
      const bytes = encode(stream)
      const at = cut % (bytes.length + 1)
      const items = await readAll(bodyOf(bytes.slice(0, at), bytes.slice(at)))
      expect(items).toEqual(asReferred(stream))
    }),
    { numRuns: 1000 },
  )
})

test('events come as soon as their bytes are there', async () => {
  let push: ReadableStreamDefaultController<Uint8Array> | undefined
  const items = readEvents(
    new ReadableStream({
      start(controller) {
        push = controller
      },
    }),
  )
  push?.enqueue(encode('data: 1\n\n'))
  expect(await items.next()).toEqual({
    done: false,
    value: { type: 'event', event: 'message', data: '1' },
  })
})

test('leaving the loop cancels the body', async () => {
  let cancelled = false
  const body = new ReadableStream<Uint8Array>({
    pull: (controller) => controller.enqueue(encode('data: 1\n\n')),
    cancel: () => {
      cancelled = true
    },
  })
  for await (const _ of readEvents(body)) break
  expect(cancelled).toBe(true)
})

test('a line without end is refused before it fills the memory', async () => {
  const body = new ReadableStream<Uint8Array>({
    pull: (controller) => controller.enqueue(encode(`data: ${'x'.repeat(1024 * 1024)}`)),
  })
  await expect(readAll(body)).rejects.toThrow('longer than can be kept')
})
