import type { FrameConfig } from '@securechat/types/wire'
import type { Chat } from './core/chat'
import { createHttpTransport } from './core/http-transport'
import { createChat } from './core/live-chat'
import type { Network } from './core/network'
import { createStorage } from './core/storage'
import { createTabs } from './core/tabs'

/** Milliseconds; a frame younger than this whose ticket is refused would be refused again. */
const ticketAge = 60_000

const network: Network = {
  online: () => navigator.onLine,
  subscribe(listener) {
    window.addEventListener('online', listener)
    window.addEventListener('offline', listener)
    return () => {
      window.removeEventListener('online', listener)
      window.removeEventListener('offline', listener)
    }
  },
}

/** A chat on what this browser has to offer. `page` is the address of the page around the frame. */
export function openChat(config: FrameConfig, page: string): Chat {
  const prefix = `securechat:${config.site_key}:`
  const { locks } = navigator
  return createChat({
    transport: createHttpTransport('/api/v1', (...request) => fetch(...request)),
    storage: {
      browser: createStorage(() => localStorage, prefix),
      tab: createStorage(() => sessionStorage, prefix),
    },
    tabs: createTabs(
      prefix,
      locks && { request: (name, options, held) => locks.request(name, options, held) },
      typeof BroadcastChannel === 'function' ? (name) => new BroadcastChannel(name) : undefined,
    ),
    network,
    random: Math.random,
    newId: () => crypto.randomUUID(),
    renewTicket,
    config: {
      siteKey: config.site_key,
      ticket: config.ticket,
      locale: config.locale,
      page,
    },
  })
}

/** Only the server's page carries a ticket: the frame loads itself anew, and what was written waits in storage. */
function renewTicket(): Promise<string> {
  if (performance.now() < ticketAge) return Promise.reject(new Error('the ticket was refused'))
  location.reload()
  return new Promise(() => undefined)
}
