/**
 * What happens in the chat, told as CustomEvents on the window:
 * `message:received` is `securechat:message-received`. Callbacks hear the same
 * events. The detail holds ids and counts, never words of the conversation.
 */

export type Detail = Readonly<Record<string, unknown>>
export type Callback = (detail: Detail) => void

export interface Happenings {
  on(name: string, callback: Callback): void
  once(name: string, callback: Callback): void
  off(name: string, callback?: Callback): void
  tell(name: string, detail?: Detail): void
}

export function happenings(): Happenings {
  let heard: { type: string; callback: Callback; listener: (event: Event) => void }[] = []
  let ready: Event | undefined

  const typeOf = (name: string) => `securechat:${name.replace(':', '-')}`
  const listen = (name: string, callback: Callback, once = false) => {
    const type = typeOf(name)
    const listener = (event: Event) => callback((event as CustomEvent<Detail>).detail)
    if (name === 'ready' && ready) listener(ready)
    heard.push({ type, callback, listener })
    window.addEventListener(type, listener, { once })
  }
  return {
    on: (name, callback) => listen(name, callback),
    once: (name, callback) => listen(name, callback, true),
    off(name, callback) {
      heard = heard.filter((entry) => {
        const goes = entry.type === typeOf(name) && (!callback || entry.callback === callback)
        if (goes) window.removeEventListener(entry.type, entry.listener)
        return !goes
      })
    },
    tell(name, detail = {}) {
      const event = new CustomEvent(typeOf(name), { detail })
      if (name === 'ready') ready = event
      window.dispatchEvent(event)
    },
  }
}
