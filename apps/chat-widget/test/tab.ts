import { vi } from 'vitest'
import type { Chat } from '../src/core/chat'
import { createChat } from '../src/core/live-chat'
import { createStorage } from '../src/core/storage'
import type { Surroundings } from '../src/core/surroundings'
import { createTabs } from '../src/core/tabs'
import type { Transport } from '../src/core/transport'
import type { View } from '../src/core/view'
import { Airwaves, Device, Locksmith, MemoryArea } from './browser-parts'

/** What tabs of one browser share. */
export class Browser {
  readonly device = new Device()
  readonly area = new MemoryArea()
  readonly #locks = new Locksmith()
  readonly #airwaves = new Airwaves()
  #ids = 0

  /** A page with a chat; `tabArea` is handed on from page to page in the same tab. */
  open(
    server: { readonly transport: Transport },
    change: Partial<Surroundings> = {},
    tabArea = new MemoryArea(),
  ): Chat {
    return createChat({
      transport: server.transport,
      storage: {
        browser: createStorage(() => this.area, 'securechat:'),
        tab: createStorage(() => tabArea, 'securechat:'),
      },
      tabs: createTabs('securechat', this.#locks, this.#airwaves.open),
      network: this.device,
      // The longest wait each time, so that tests know how long to wait.
      random: () => 1 - Number.EPSILON,
      newId: () => `id-${++this.#ids}`,
      renewTicket: () => Promise.reject(new Error('not foreseen')),
      config: { siteKey: 'pk_demo', ticket: 'ticket-1', page: 'https://shop.example/' },
      ...change,
    })
  }
}

/** Lets happen what can happen without time passing. */
export const settle = () => vi.advanceTimersByTimeAsync(0)

/** Lets so many milliseconds pass. */
export const pass = (ms: number) => vi.advanceTimersByTimeAsync(ms)

/** Who said what, as the shopper reads it. */
export const spoken = (chat: Chat) =>
  chat.view().messages.map(({ author, text }) => `${author}: ${text}`)

/** Resolves once the view is as wanted. */
export function until(chat: Chat, wanted: (view: View) => boolean): Promise<void> {
  return new Promise((resolve) => {
    const look = () => {
      if (!wanted(chat.view())) return
      leave()
      resolve()
    }
    const leave = chat.subscribe(look)
    look()
  })
}
