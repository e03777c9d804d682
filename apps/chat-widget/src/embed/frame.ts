/**
 * The frame in the panel: made on the shopper's first intent, greeted when it
 * has loaded, and told what the page wants. What is said before the frame can
 * hear is kept for it.
 */
import { type FromFrame, type FromPage, greet, type Hello, type Line } from '../bridge/protocol'
import { button } from './shell'

/** Longer than a slow phone needs to load the frame. */
const patience = 12_000

export interface Frame {
  mount(): void
  say(message: FromPage): void
  focus(): void
}

export function openFrame(
  panel: HTMLElement,
  address: () => string,
  greeting: () => Hello,
  heard: (message: FromFrame) => void,
): Frame {
  let iframe: HTMLIFrameElement | undefined
  let line: Line<FromPage> | undefined
  let ready = false
  const kept: FromPage[] = []

  const hear = (message: FromFrame) => {
    if (message.kind === 'ready') {
      ready = true
      panel.classList.add('ready')
      if (message.title && iframe) iframe.title = message.title
      for (const waiting of kept.splice(0)) line?.say(waiting)
    }
    heard(message)
  }
  const mount = () => {
    if (iframe) return
    const made = document.createElement('iframe')
    made.title = 'Chat'
    made.referrerPolicy = 'origin'
    made.setAttribute(
      'sandbox',
      'allow-scripts allow-same-origin allow-forms allow-popups allow-popups-to-escape-sandbox',
    )
    made.allow = ''
    made.src = address()
    made.onload = () => {
      // The frame may load itself anew, for instance for a fresh ticket.
      line?.close()
      const target = made.contentWindow
      if (target) line = greet(target, new URL(made.src).origin, greeting(), hear)
    }
    iframe = made
    panel.append(made)
    setTimeout(() => {
      if (ready || !made.isConnected) return
      // Needs no words: it stands where the conversation would be.
      const again = button('again', panel, () => {
        again.remove()
        made.remove()
        iframe = undefined
        mount()
      })
      again.textContent = '↻'
    }, patience)
  }
  return {
    mount,
    say(message) {
      if (ready) line?.say(message)
      else kept.push(message)
    },
    focus: () => iframe?.focus({ preventScroll: true }),
  }
}
