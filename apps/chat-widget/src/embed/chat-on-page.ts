/**
 * The chat as the shop's page has it: launcher, panel and frame together.
 * Nothing is requested or stored before the shopper or the page opens it,
 * except that a tab in which the shopper has talked finds it as it was left.
 */
import type { FromFrame } from '../bridge/protocol'
import { openFrame } from './frame'
import type { Happenings } from './happenings'
import { remember } from './memory'
import { keepAttached, pageAddress, watchPage } from './page'
import { raiseOverBars } from './raise'
import { watchScreen } from './screen'
import { isOn, type Settings } from './settings'
import { drawShell } from './shell'
import { languageOf, wordsFor } from './words'

export interface ChatOnPage {
  open(): void
  close(): void
  toggle(): void
  send(text: string): void
  prefill(text: string): void
  identify(token: string): void
  context(values: Record<string, unknown>): void
  consent(given: { functional: boolean }): void
  /** Logs the visitor out; the next message begins anew. */
  reset(): void
  /** Logs out and hides the launcher. */
  shutdown(): void
  get(name: string): unknown
  /** Draws the chat anew by changed settings. */
  update(settings: Settings): void
  /** Takes everything away from the page, with what it remembers. */
  remove(): void
}

export function putChatOnPage(first: Settings, happened: Happenings): ChatOnPage {
  const ending = new AbortController()
  const { signal } = ending
  let settings = { ...first }
  let open = false
  let unread = 0
  const memory = remember(settings.site, () => isOn(settings.consent))

  const lang = () => languageOf(settings.lang)
  const look = () => ({ lang: lang(), theme: settings.theme, accent: settings.accent })
  const words = () => wordsFor(lang())
  const later = (act: () => void, milliseconds: number) =>
    setTimeout(() => signal.aborted || act(), milliseconds)

  const shell = drawShell({
    launcher: () => turn(!open),
    teaser: () => turn(true),
    dismissed() {
      memory.keep('teased', true)
      shell.tease('')
      shell.launcher.focus()
    },
  })
  const screen = watchScreen(
    shell.host,
    signal,
    (fullScreen) => frame.say({ kind: 'layout', fullScreen }),
    () => turn(false),
  )
  const hear = (message: FromFrame) => {
    switch (message.kind) {
      case 'ready': {
        const { accent, position, label } = settings
        settings = {
          ...settings,
          accent: accent || message.accent,
          position: position || message.position,
          label: label || message.label,
        }
        shell.dress(settings, words())
        screen.tell()
        break
      }
      case 'close':
        turn(false)
        break
      case 'wide':
        shell.host.toggleAttribute('data-wide', message.wide)
        break
      case 'unread':
        if (message.count > unread && !open) shell.tease(message.note)
        unread = message.count
        shell.show(open, unread)
        happened.tell('unread', { count: unread })
        break
      case 'happened':
        if (message.name === 'message:sent') memory.keep('talked', true)
        happened.tell(message.name, message.detail)
    }
  }
  const frame = openFrame(
    shell.panel,
    () => `${settings.base}/widget/${settings.site}`,
    () => ({
      kind: 'hello',
      page: pageAddress(),
      shown: open,
      consent: isOn(settings.consent),
      ...look(),
    }),
    hear,
  )
  const show = () => {
    if (open) frame.mount()
    shell.tease('')
    shell.show(open, unread)
    screen.take(open)
  }
  const turn = (now: boolean) => {
    if (now === open) return
    open = now
    show()
    memory.keep('open', open)
    frame.say({ kind: 'shown', shown: open })
    if (open) frame.focus()
    else shell.launcher.focus({ preventScroll: true })
    happened.tell(open ? 'open' : 'close')
  }
  shell.dress(settings, words())
  open = memory.has('open')
  // Before the element is attached nothing moves: the panel is there at once.
  if (open) show()
  // An answer may be on its way: the frame listens behind the launcher.
  else if (memory.has('talked')) later(frame.mount, 1500)
  else if (!memory.has('teased'))
    later(() => open || shell.tease(settings.teaser), +settings.teaserDelay * 1000)
  keepAttached(shell.host, signal)
  raiseOverBars(shell.host, shell.launcher, signal)
  watchPage(signal, (page) => frame.say({ kind: 'page', page }))
  shell.host.onkeydown = (event) => {
    if (event.key === 'Escape') turn(false)
  }

  const forget = () => {
    memory.keep('talked', false)
    memory.keep('open', false)
  }
  const leave = (kind: 'reset' | 'end') => {
    frame.say({ kind })
    frame.mount()
    forget()
  }
  const update = (changed: Settings) => {
    settings = changed
    shell.dress(settings, words())
    frame.say({ kind: 'look', ...look() })
  }
  return {
    open: () => turn(true),
    close: () => turn(false),
    toggle: () => turn(!open),
    send(text) {
      frame.say({ kind: 'send', text })
      turn(true)
    },
    prefill: (text) => frame.say({ kind: 'prefill', text }),
    identify: (token) => frame.say({ kind: 'identify', token }),
    context: (values) => frame.say({ kind: 'context', values }),
    consent({ functional }) {
      settings.consent = functional
      frame.say({ kind: 'consent', functional })
    },
    reset: () => leave('reset'),
    shutdown() {
      turn(false)
      leave('end')
      update({ ...settings, launcher: false })
    },
    get: (name) => ({ open, unread })[name],
    update,
    remove() {
      forget()
      ending.abort()
      screen.take(false)
      shell.host.remove()
    },
  }
}
