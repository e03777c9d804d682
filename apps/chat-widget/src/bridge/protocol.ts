/**
 * What the loader on the shop's page and the frame may say to each other. One
 * window message, the hello, carries a MessagePort; everything after it goes
 * through the port. No word of the conversation and no credential of ours ever
 * goes to the page.
 */
import { originAllowed } from './origins'
import { count, flag, oneOf, plain, read, type Said, text } from './shape'

const look = {
  lang: text(35),
  theme: oneOf('', 'auto', 'light', 'dark'),
  accent: text(7),
}

const hello = {
  hello: { page: text(2048), shown: flag, consent: flag, ...look },
}

const fromPage = {
  shown: { shown: flag },
  layout: { fullScreen: flag },
  page: { page: text(2048) },
  look,
  send: { text: text(16_000) },
  prefill: { text: text(16_000) },
  identify: { token: text(8192) },
  context: { values: plain },
  consent: { functional: flag },
  reset: {},
  end: {},
}

const fromFrame = {
  ready: { accent: text(7), position: oneOf('left', 'right'), label: text(40), title: text(60) },
  close: {},
  /** Whether the reader wants more room. */
  wide: { wide: flag },
  unread: { count, note: text(120) },
  happened: {
    name: text(20),
    /** Ids, counts and codes. */
    detail: plain,
  },
}

export type Hello = Said<typeof hello>
export type FromPage = Said<typeof fromPage>
export type FromFrame = Said<typeof fromFrame>

/** One end of the port between page and frame. */
export interface Line<Out> {
  say(message: Out): void
  close(): void
}

/**
 * The page's end: hands a fresh port to the frame, which must be of the given
 * origin, and tells `heard` what the frame says that fits the protocol.
 */
export function greet(
  frame: Window,
  origin: string,
  greeting: Hello,
  heard: (message: FromFrame) => void,
): Line<FromPage> {
  const channel = new MessageChannel()
  const line = speakOver<FromPage>(channel.port1)
  channel.port1.onmessage = (event) => {
    const message = read(fromFrame, event.data)
    if (message) heard(message)
  }
  frame.postMessage(greeting, origin, [channel.port2])
  return line
}

/**
 * The frame's end: waits for one hello that comes from the parent window and
 * from an allowed origin, and ignores everything else. Returns how to stop
 * waiting.
 */
export function awaitHello(
  self: Window,
  origins: readonly string[],
  met: (greeting: Hello, line: Line<FromFrame>) => void,
  heard: (message: FromPage) => void,
): () => void {
  const stop = () => self.removeEventListener('message', listen)
  const listen = (event: MessageEvent) => {
    if (
      event.source !== self.parent ||
      self.parent === self ||
      !originAllowed(event.origin, origins)
    )
      return
    const greeting = read(hello, event.data)
    const port = event.ports[0]
    if (!greeting || !port) return
    stop()
    met(greeting, speakOver<FromFrame>(port))
    port.onmessage = (told) => {
      const message = read(fromPage, told.data)
      if (message) heard(message)
    }
  }
  self.addEventListener('message', listen)
  return stop
}

function speakOver<Out>(port: MessagePort): Line<Out> {
  return {
    say: (message) => port.postMessage(message),
    close: () => port.close(),
  }
}
