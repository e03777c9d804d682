import type { ChatEvent } from '@securechat/types/wire'

/** What one tab tells the others of the same site in the same browser. */
export type TabMessage =
  | { readonly kind: 'event'; readonly cursor: string; readonly event: ChatEvent | null }
  /** How the leader's line stands. */
  | { readonly kind: 'line'; readonly state: 'live' | 'reconnecting' | 'offline' }
  /** There is a new session or a new conversation: fetch it. */
  | { readonly kind: 'renewed' }
  | { readonly kind: 'ended' }

/** The other tabs. One of those that share a visitor leads: it alone holds a stream. */
export interface Tabs {
  /**
   * Waits until this tab leads among those that name the same visitor. The
   * result, called once, lets another lead. Rejects with the signal's reason.
   */
  lead(visitor: string, signal: AbortSignal): Promise<() => void>
  /** Tells the other tabs, not this one; only those of the same visitor should listen. */
  tell(visitor: string, message: TabMessage): void
  /** Hears other tabs until the returned function is called. */
  hear(listener: (visitor: string, message: TabMessage) => void): () => void
}

/** The part of the Web Locks API that we use. */
export interface Locks {
  request(
    name: string,
    options: { signal: AbortSignal },
    held: () => Promise<void>,
  ): Promise<unknown>
}

/** The part of a BroadcastChannel that we use. */
export interface Channel {
  postMessage(message: unknown): void
  addEventListener(type: 'message', listener: (event: { data: unknown }) => void): void
  close(): void
}

/**
 * Tabs by Web Lock and BroadcastChannel under `name`. Where the browser denies
 * either, as it does to frames that may not store, each tab stands alone.
 */
export function createTabs(
  name: string,
  locks: Locks | undefined,
  open: ((name: string) => Channel) | undefined,
): Tabs {
  let channel: Channel | undefined

  return {
    lead(visitor, signal) {
      // Without a channel nobody would share with a tab that waits.
      if (!locks || !channel) return Promise.resolve(() => undefined)
      return lock(locks, `${name}:${visitor}`, signal)
    },
    tell(visitor, message) {
      channel?.postMessage({ visitor, message })
    },
    hear(listener) {
      try {
        channel = open?.(name)
      } catch {
        return () => undefined
      }
      channel?.addEventListener('message', ({ data }) => {
        const { visitor, message } = data as { visitor: string; message: TabMessage }
        listener(visitor, message)
      })
      return () => {
        channel?.close()
        channel = undefined
      }
    },
  }
}

function lock(locks: Locks, name: string, signal: AbortSignal): Promise<() => void> {
  return new Promise((resolve, reject) => {
    const held = () => new Promise<void>((release) => resolve(release))
    locks.request(name, { signal }, held).catch((cause: unknown) => {
      if (signal.aborted) reject(signal.reason)
      // Locks are denied here: stand alone.
      else resolve(() => undefined)
      return cause
    })
  })
}
