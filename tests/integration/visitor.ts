import type {
  AnswerError,
  Conversation,
  Entered,
  EventData,
  EventKind,
  TurnEnd,
} from '@securechat/types/wire'
import { readEvents } from '@securechat/utils/sse'

/** What became of a question, as the events told it. */
export interface Told {
  /** The deltas and replacements, folded. */
  text: string
  /** How many events carried text. */
  parts: number
  status: TurnEnd
  error: AnswerError | undefined
}

/** A shopper without a browser: a page's script that speaks the API with a bearer token. */
export interface Visitor {
  /** Asks, follows the answer to its end, and calls `hear` with each state of its text. */
  ask(text: string, hear?: (text: string) => void): Promise<Told>
  /** The conversation as it is stored. */
  conversation(): Promise<Conversation>
}

/** Enters a site from one of its own pages. */
export async function enter(address: string, siteKey: string, origin: string): Promise<Visitor> {
  let token = ''
  const call = async (path: string, accept: string, body?: unknown) => {
    const response = await fetch(`${address}/api/v1${path}`, {
      method: body === undefined ? 'GET' : 'POST',
      headers: {
        Origin: origin,
        Accept: accept,
        ...(body !== undefined && { 'Content-Type': 'application/json' }),
        ...(token && { Authorization: `Bearer ${token}` }),
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    })
    if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`)
    return response
  }
  const json = 'application/json'
  const page = `${origin}/products/aurora-lamp`
  const made = await call('/sessions', json, { site_key: siteKey, page_url: page })
  token = ((await made.json()) as Entered).token ?? ''

  return {
    ask: async (text, hear) => {
      const response = await call('/session/messages', 'text/event-stream', {
        id: crypto.randomUUID(),
        text,
        page_url: page,
      })
      const told: Told = { text: '', parts: 0, status: 'interrupted', error: undefined }
      if (!response.body) throw new Error('the answer has no body')
      for await (const item of readEvents(response.body)) {
        if (item.type !== 'event') continue
        const data: unknown = JSON.parse(item.data)
        const is = <K extends EventKind>(kind: K, _: unknown): _ is EventData[K] =>
          item.event === kind
        if (is('text-delta', data)) told.text += data.text
        else if (is('text-replaced', data)) told.text = data.text
        else if (is('turn-ended', data)) {
          told.status = data.status
          told.error = data.error
          continue
        } else continue
        told.parts += 1
        hear?.(told.text)
      }
      return told
    },
    conversation: async () =>
      (await (await call('/session/conversation', json)).json()) as Conversation,
  }
}
