import type { Network } from './network'
import type { SessionConfig } from './session'
import type { Storage } from './storage'
import type { Tabs } from './tabs'
import type { Transport } from './transport'

/** Everything that a chat needs of the browser around it. */
export interface Surroundings {
  readonly transport: Transport
  /** What all tabs of the browser share, and what belongs to this one. */
  readonly storage: { readonly browser: Storage; readonly tab: Storage }
  readonly tabs: Tabs
  readonly network: Network
  readonly config: SessionConfig & { readonly ticket: string; readonly page: string }
  /** Gets another ticket, or rejects; may load the frame anew and never resolve. */
  renewTicket(): Promise<string>
  /** From 0 up to, but not including, 1. */
  readonly random: () => number
  /** Makes a UUID. */
  readonly newId: () => string
}
