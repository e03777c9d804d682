import type { Failure } from '@securechat/utils/http'
import type { LineState } from './line'
import type { Unsent } from './outbox'
import { fromUnsent } from './outbox'
import { openTurn, type Thread } from './reduce'
import type { Notice, Phase, SiteInfo, View } from './view'

/** How the visit stands, beside what is said in it. */
export interface Standing {
  /** `open` once the session stands. */
  readonly stage: 'idle' | 'connecting' | 'open' | 'ended' | 'refused'
  readonly line: LineState
  readonly site: SiteInfo | null
  readonly resumed: boolean
  readonly notice: Notice | null
}

export const atRest: Standing = {
  stage: 'idle',
  line: 'live',
  site: null,
  resumed: false,
  notice: null,
}

/** What the shopper sees of it all. */
export function compose(
  { stage, line, site, resumed, notice }: Standing,
  thread: Thread,
  unsent: readonly Unsent[],
  online: boolean,
): View {
  return {
    phase: stage === 'open' || stage === 'connecting' ? phaseOf(stage, line, online) : stage,
    site,
    messages: unsent.length ? [...thread.messages, ...unsent.map(fromUnsent)] : thread.messages,
    turn: openTurn(thread),
    more: thread.more,
    resumed,
    notice,
  }
}

function phaseOf(stage: 'open' | 'connecting', line: LineState, online: boolean): Phase {
  if (!online) return 'offline'
  if (line !== 'live') return 'reconnecting'
  return stage === 'open' ? 'live' : 'connecting'
}

/** What a failure is to the shopper; `ms` is how long to wait, `max` what one message may hold. */
export function noticeOf({ code, title, id, status }: Failure, ms: number, max?: number): Notice {
  if (status === 429) return { kind: 'rate-limited', until: Date.now() + ms }
  if (code === 'text_too_long' && max) return { kind: 'too-long', max }
  return { kind: 'problem', code, title, ...(id && { id }) }
}
