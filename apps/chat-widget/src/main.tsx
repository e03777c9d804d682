/** The frame's page: plugs the chat, its looks and the shop's page together. */
import type { FrameConfig } from '@securechat/types/wire'
import { createRoot } from 'react-dom/client'
import { awaitHello, type FromFrame, type FromPage, type Hello, type Line } from './bridge/protocol'
import { openChat } from './browser'
import { dress } from './paint'
import { ChatProvider } from './react/provider'
import { App } from './ui/app'
import type { Prefill } from './ui/composer'
import { LocaleContext, loadLocale } from './ui/locale'
import './ui/theme.css'

const root = document.getElementById('securechat') as HTMLElement
const config: FrameConfig = JSON.parse(
  document.getElementById('securechat-config')?.textContent ?? '{}',
)

awaitHello(window, config.origins, (hello, line) => void meet(hello, line), hear)

/** What the page says before the chat stands waits here. */
let early: FromPage[] = []
let act = (message: FromPage): void => void early.push(message)

function hear(message: FromPage): void {
  act(message)
}

async function meet(hello: Hello, line: Line<FromFrame>): Promise<void> {
  const chat = openChat({ ...config, locale: hello.lang || config.locale }, hello.page)
  const view = createRoot(root)
  // Until the page has told, take the panel for a phone's: focus would raise its keyboard.
  let panel = {
    shown: hello.shown,
    fullScreen: true,
    wide: chat.wide(),
    prefill: null as Prefill | null,
  }
  let locale = await loadLocale(hello.lang || config.locale)
  let look = { lang: hello.lang, theme: hello.theme, accent: hello.accent }

  const happened = (name: string, detail: Record<string, string | number> = {}) =>
    line.say({ kind: 'happened', name, detail })
  const seen = () => chat.setVisible(panel.shown && !document.hidden)
  const close = () => line.say({ kind: 'close' })
  const widen = (wide: boolean) => {
    panel = { ...panel, wide }
    chat.setWide(wide)
    line.say({ kind: 'wide', wide })
    draw()
  }
  const clicked = (id: string) => happened('product:click', { id })
  const setPage = (address: unknown) => {
    if (typeof address === 'string' && /^https?:/.test(address))
      chat.setPage(address.slice(0, 2048))
  }
  const draw = () =>
    view.render(
      <LocaleContext.Provider value={locale}>
        <ChatProvider chat={chat}>
          <App
            branding={config.branding}
            features={config.features}
            panel={{ ...panel, close, widen, clicked }}
          />
        </ChatProvider>
      </LocaleContext.Provider>,
    )
  const redraw = () => {
    dress(
      document.documentElement,
      look.accent || config.branding.accent,
      look.theme || config.branding.theme,
      locale.lang,
      locale.dir,
    )
    draw()
  }
  const speak = async (lang: string) => {
    locale = await loadLocale(lang || config.locale)
    redraw()
  }

  chat.on('message-sent', ({ messageId }) => happened('message:sent', { id: messageId }))
  chat.on('message-received', ({ messageId }) => happened('message:received', { id: messageId }))
  chat.on('stream-start', ({ turnId }) => happened('stream:start', { id: turnId }))
  chat.on('stream-end', ({ turnId, status }) => happened('stream:end', { id: turnId, status }))
  chat.on('error', ({ code }) => happened('error', { code }))
  chat.on('rated', ({ messageId, rating }) => happened('rating', { id: messageId, rating }))
  chat.on('identified', () => happened('identify'))
  chat.on('unread', ({ count }) => line.say({ kind: 'unread', count, note: locale.words.newReply }))

  act = (message) => {
    switch (message.kind) {
      case 'shown':
        panel = { ...panel, shown: message.shown }
        seen()
        if (message.shown) void chat.start()
        return draw()
      case 'layout':
        panel = { ...panel, fullScreen: message.fullScreen }
        return draw()
      case 'prefill':
        panel = { ...panel, prefill: { text: message.text } }
        return draw()
      case 'look':
        look = message
        return void speak(look.lang)
      case 'page':
        return setPage(message.page)
      case 'send':
        return chat.send(message.text)
      case 'identify':
        return void chat.identify(message.token)
      case 'context':
        setPage(message.values.page)
        // An agent is told of the page alone: what it is not told must not look as if it were.
        if (Object.keys(message.values).some((name) => name !== 'page'))
          happened('error', { code: 'context_unsupported' })
        return
      case 'consent':
        chat.consent({ functional: message.functional })
        return happened('consent')
      case 'reset':
        return void chat.end().then(() => (panel.shown ? chat.start() : undefined))
      case 'end':
        return void chat.end()
    }
  }

  redraw()
  chat.consent({ functional: hello.consent })
  seen()
  // A tab in the background needs no stream of its own; browsers allow a page's host only a few.
  document.addEventListener('visibilitychange', seen)
  const { accent, position, launcher_label: label = '' } = config.branding
  line.say({ kind: 'wide', wide: panel.wide })
  line.say({
    kind: 'ready',
    accent,
    position,
    label,
    title: config.branding.title || locale.words.title,
  })
  for (const message of early) act(message)
  early = []
  void chat.start()
}
