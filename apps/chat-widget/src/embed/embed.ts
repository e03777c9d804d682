/**
 * The loader that a shop's page includes:
 * `<script async src="https://chat.example/embed.js" data-site="pk_…"></script>`.
 * It offers `securechat(verb, …)`; calls made before it has loaded wait in
 * `securechat.q`. No call ever throws at the page.
 */
import { type ChatOnPage, putChatOnPage } from './chat-on-page'
import { happenings } from './happenings'
import { type Given, type Settings, settle } from './settings'

/** An array, or the arguments of a function. */
type Call = Iterable<unknown>
type Door = ((...call: unknown[]) => unknown) & { q?: Call[]; live?: true }
type Command = ((...given: never[]) => unknown) | undefined

const page = window as unknown as { securechat?: Door; securechatSettings?: Given }

function start(script: HTMLScriptElement | null): void {
  const happened = happenings()
  const kept: Call[] = []
  let given: Given = {}
  let chat: ChatOnPage | undefined

  const boot = (more?: Given) => {
    given = { ...given, ...more }
    const settings = settle(script?.dataset, page.securechatSettings, given)
    settings.base = new URL(settings.base || `${script?.src}`).origin
    if (chat) return chat.update(settings)
    if (settings.site) begin(settings)
  }
  const begin = (settings: Settings) => {
    chat = putChatOnPage(settings, happened)
    happened.tell('ready', { site: settings.site })
    for (const call of kept.splice(0)) door(...call)
  }

  /** These need no chat; the others wait for it. */
  const early: Record<string, Command> = {
    init: boot,
    boot: (more: Given) => boot({ launcher: true, ...more }),
    update: boot,
    show: () => boot({ launcher: true }),
    hide: () => boot({ launcher: false }),
    on: happened.on,
    once: happened.once,
    off: happened.off,
    destroy() {
      chat?.remove()
      delete page.securechat
      happened.tell('destroyed')
    },
  }
  const door: Door = (...call) => {
    const [verb, ...given] = call as [string, ...never[]]
    try {
      const command = early[verb] ?? (chat as unknown as typeof early | undefined)?.[verb]
      if (chat || command) return command?.(...given)
      kept.push(call)
    } catch {
      happened.tell('error', { verb })
    }
    return undefined
  }
  door.live = true
  const queue = page.securechat?.q ?? []
  page.securechat = door
  // What one of these calls adds to the queue is reached as well.
  for (const call of queue) door(...call)
  if (!chat) door('init')
}

if (!page.securechat?.live)
  start(
    (document.currentScript ??
      document.querySelector('script[data-site]')) as HTMLScriptElement | null,
  )
