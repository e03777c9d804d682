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
  off(name: string, callback: Callback): void
  tell(name: string, detail?: Detail): void
}

export function happenings(): Happenings {
  const listeners = new Map<Callback, (event: Event) => void>()
  let ready: Event | undefined
  const typeOf = (name: string) => `securechat:${name.replace(':', '-')}`
  const listen = (name: string, callback: Callback, once = false) => {
    const listener =
      listeners.get(callback) ?? ((event: Event) => callback((event as CustomEvent<Detail>).detail))
    listeners.set(callback, listener)
    if (name === 'ready' && ready) listener(ready)
    window.addEventListener(typeOf(name), listener, { once })
  }
  return {
    on: listen,
    once: (name, callback) => listen(name, callback, true),
    off: (name, callback) =>
      window.removeEventListener(typeOf(name), listeners.get(callback) as EventListener),
    tell(name, detail = {}) {
      const event = new CustomEvent(typeOf(name), { detail })
      if (name === 'ready') ready = event
      window.dispatchEvent(event)
    },
  }
}
