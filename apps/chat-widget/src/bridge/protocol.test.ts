import { afterEach, expect, test, vi } from 'vitest'
import { awaitHello, type FromFrame, type FromPage, greet, type Hello, type Line } from './protocol'

const shop = 'https://shop.example'
const chat = 'https://chat.example'

const hello: Hello = {
  kind: 'hello',
  page: `${shop}/`,
  shown: true,
  consent: true,
  lang: 'en',
  theme: '',
  accent: '',
}

/** A window as far as the protocol touches one; what is posted to it arrives as from `sender`. */
class Place extends EventTarget {
  parent: unknown = this
  sender: unknown
  readonly origin: string
  readonly senderOrigin: string

  constructor(origin: string, senderOrigin: string) {
    super()
    this.origin = origin
    this.senderOrigin = senderOrigin
  }

  postMessage(data: unknown, target: string, ports: MessagePort[]): void {
    if (target !== this.origin) return
    this.hear(data, { ports })
  }

  hear(
    data: unknown,
    told: { origin?: string; source?: unknown; ports?: MessagePort[] } = {},
  ): void {
    const {
      origin = this.senderOrigin,
      source = this.sender,
      ports = [new MessageChannel().port2],
    } = told
    this.dispatchEvent(Object.assign(new Event('message'), { data, origin, source, ports }))
  }

  get window(): Window {
    return this as unknown as Window
  }
}

const open: { close(): void }[] = []
afterEach(() => {
  for (const line of open.splice(0)) line.close()
})

function frameOnShop() {
  const page = new Place(shop, chat)
  const frame = new Place(chat, shop)
  frame.parent = frame.sender = page
  const met = vi.fn((_: Hello, line: Line<FromFrame>) => void open.push(line))
  const heard = vi.fn<(message: FromPage) => void>()
  awaitHello(frame.window, [shop], met, heard)
  return { page, frame, met, heard }
}

test('page and frame talk through the port after the hello', async () => {
  const { frame, met, heard } = frameOnShop()
  const told = vi.fn<(message: FromFrame) => void>()
  const line = greet(frame.window, chat, hello, told)
  open.push(line)
  expect(met).toHaveBeenCalledTimes(1)
  expect(met.mock.calls[0]?.[0]).toEqual(hello)

  line.say({ kind: 'send', text: 'Hello' })
  await vi.waitFor(() => expect(heard).toHaveBeenCalledWith({ kind: 'send', text: 'Hello' }))
  met.mock.calls[0]?.[1].say({ kind: 'unread', count: 2, note: 'A reply' })
  await vi.waitFor(() =>
    expect(told).toHaveBeenCalledWith({ kind: 'unread', count: 2, note: 'A reply' }),
  )
})

test('the hello goes to the chat server alone', () => {
  const { frame, met } = frameOnShop()
  const posted = vi.spyOn(frame, 'postMessage')
  open.push(greet(frame.window, chat, hello, () => undefined))
  expect(posted.mock.calls[0]?.[1]).toBe(chat)
  open.push(greet(frame.window, 'https://elsewhere.example', hello, () => undefined))
  expect(met).toHaveBeenCalledTimes(1)
})

test('a hello from another origin, window or of another shape is ignored', () => {
  const { frame, met } = frameOnShop()
  frame.hear(hello, { origin: 'https://evil.example' })
  frame.hear(hello, { origin: 'null' })
  frame.hear(hello, { source: {} })
  frame.hear(hello, { source: frame })
  frame.hear(hello, { ports: [] })
  frame.hear('hello')
  frame.hear(null)
  frame.hear([hello])
  frame.hear({ ...hello, kind: '__proto__' })
  frame.hear({ ...hello, kind: 'constructor' })
  frame.hear({ ...hello, shown: 'yes' })
  frame.hear({ ...hello, page: 'x'.repeat(10_000_000) })
  frame.hear({ ...hello, lang: undefined })
  expect(met).not.toHaveBeenCalled()
  frame.hear(hello)
  expect(met).toHaveBeenCalledTimes(1)
})

test('a second hello changes nothing', () => {
  const { frame, met } = frameOnShop()
  frame.hear(hello)
  frame.hear(hello)
  expect(met).toHaveBeenCalledTimes(1)
})

test('a page that is not framed meets nobody', () => {
  const alone = new Place(chat, chat)
  alone.parent = alone.sender = alone
  const met = vi.fn()
  awaitHello(alone.window, [chat], met, vi.fn())
  alone.hear(hello)
  expect(met).not.toHaveBeenCalled()
})

test('what does not fit the protocol is dropped at the port', async () => {
  const { frame, heard } = frameOnShop()
  const channel = new MessageChannel()
  open.push({ close: () => channel.port1.close() })
  frame.hear(hello, { ports: [channel.port2] })
  const bad = [
    { kind: 'send', text: 5 },
    { kind: 'send', text: 'x'.repeat(16_001) },
    { kind: 'send' },
    { kind: 'context', values: ['a'] },
    { kind: 'look', lang: 'en', theme: 'url(x)', accent: '' },
    { kind: 'read-history' },
    'reset',
    null,
  ]
  for (const message of bad) channel.port1.postMessage(message)
  channel.port1.postMessage({ kind: 'reset' })
  await vi.waitFor(() => expect(heard).toHaveBeenCalled())
  expect(heard.mock.calls).toEqual([[{ kind: 'reset' }]])
})
