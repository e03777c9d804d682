import { createParser } from 'eventsource-parser'

/** One thing read from an event stream, in the order of the bytes. */
export type StreamItem =
  | { readonly type: 'event'; readonly id?: string; readonly event: string; readonly data: string }
  | { readonly type: 'comment' }
  | { readonly type: 'retry'; readonly ms: number }

/** No honest event comes near this; a stream that never ends its line must not fill the memory. */
const longestEvent = 8 * 1024 * 1024

/**
 * Reads an event stream (WHATWG HTML 9.2.6) however its bytes are cut. What a
 * broken stream left unfinished is not told. Leaving the loop cancels the body.
 */
export async function* readEvents(body: ReadableStream<Uint8Array>): AsyncGenerator<StreamItem> {
  const items: StreamItem[] = []
  let tooLong: Error | undefined
  const parser = createParser({
    maxBufferSize: longestEvent,
    onEvent: ({ id, event = 'message', data }) =>
      items.push({ type: 'event', event, data, ...(id !== undefined && { id }) }),
    onComment: () => items.push({ type: 'comment' }),
    onRetry: (ms) => items.push({ type: 'retry', ms }),
    onError: (error) => {
      if (error.type === 'max-buffer-size-exceeded') tooLong = error
    },
  })
  const decoder = new TextDecoder('utf-8', { ignoreBOM: true })
  const reader = body.getReader()
  try {
    for (;;) {
      const { done, value } = await reader.read()
      if (done) return
      parser.feed(decoder.decode(value, { stream: true }))
      yield* items.splice(0)
      if (tooLong) throw tooLong
    }
  } finally {
    await reader.cancel().catch(() => undefined)
  }
}
