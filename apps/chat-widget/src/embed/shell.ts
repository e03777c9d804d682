/**
 * What the loader draws on the shop's page: launcher, badge, teaser and the
 * panel that holds the frame. All of it lives in one shadow root beside the
 * body, so that a framework may swap the body; styles go through a
 * constructable sheet, so that a strict Content-Security-Policy has no say.
 */
import { isOn, type Settings } from './settings'
import css from './shell.css?inline'
import type { Words } from './words'

const bubble = 'M12 3a9 8.5 0 1 1-3.6 16.3L3.5 20.5l1.3-4.3A9 8.5 0 0 1 12 3Z'
/** Points up: the open panel's icon is turned over. */
const chevron = 'm6 14.5 6-6 6 6'

export interface Shell {
  readonly host: HTMLElement
  readonly panel: HTMLElement
  readonly launcher: HTMLElement
  /** Colours, side and words; called again whenever one of them changes. */
  dress(settings: Settings, words: Words): void
  show(open: boolean, unread: number): void
  /** Shows a card beside the launcher, or takes it away where the text is ''. */
  tease(text: string): void
}

export interface Pressed {
  launcher: () => void
  teaser: () => void
  dismissed: () => void
}

export function drawShell(pressed: Pressed): Shell {
  const host = document.createElement('secure-chat')
  const root = host.attachShadow({ mode: 'open' })
  const sheet = new CSSStyleSheet()
  sheet.replaceSync(css)
  root.adoptedStyleSheets = [sheet]

  const panel = make('div', 'panel', root)
  const launcher = button('launcher', root, pressed.launcher)
  const shape = icon(launcher)
  const caption = make('span', '', launcher)
  const badge = make('span', 'badge', launcher)

  let words: Words
  let unread = 0
  let open = false
  let teaser: HTMLElement | undefined

  const redraw = () => {
    shape.setAttribute('d', open ? chevron : bubble)
    const name = open ? words[1] : caption.textContent || words[0]
    launcher.ariaLabel = unread ? `${name} (${unread})` : name
    launcher.ariaExpanded = `${open}`
    host.toggleAttribute('data-open', open)
    badge.hidden = open || !unread
    badge.textContent = unread > 9 ? '9+' : `${unread}`
  }
  return {
    host,
    panel,
    launcher,
    dress(settings, spoken) {
      words = spoken
      const { accent, theme, zIndex, inset, bottom } = settings
      const scheme = theme && theme !== 'auto' ? theme : 'light dark'
      host.style.cssText += `--z:${zIndex};--inset:${inset}px;--bottom:${bottom}px;--scheme:${scheme};--accent:${accent || '#2f5bea'}`
      host.dataset.side = settings.position
      caption.textContent = settings.label
      launcher.classList.toggle('pill', !!settings.label)
      launcher.hidden = !isOn(settings.launcher)
      redraw()
    },
    show(now, count) {
      open = now
      unread = count
      redraw()
    },
    tease(text) {
      teaser?.remove()
      if (!text) return
      teaser = make('div', 'teaser', root)
      teaser.dir = 'auto'
      button('', teaser, pressed.teaser).textContent = text
      const cross = button('', teaser, pressed.dismissed)
      cross.ariaLabel = words[1]
      cross.textContent = '✕'
    },
  }
}

export function make(tag: string, name: string, parent: Node): HTMLElement {
  const element = document.createElement(tag)
  element.className = name
  parent.appendChild(element)
  return element
}

export function button(name: string, parent: Node, press: () => void): HTMLElement {
  const element = make('button', name, parent)
  element.onclick = press
  return element
}

/** An empty icon; returns the path to give a shape. */
function icon(parent: Node): SVGElement {
  const space = 'http://www.w3.org/2000/svg'
  const svg = document.createElementNS(space, 'svg')
  svg.setAttribute('viewBox', '0 0 24 24')
  return parent.appendChild(svg).appendChild(document.createElementNS(space, 'path'))
}
