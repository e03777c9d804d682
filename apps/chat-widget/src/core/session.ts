import type { Entered, Route, Routes } from '@securechat/types/wire'
import { Failure } from '@securechat/utils/http'
import type { Storage } from './storage'
import type { Ask, Frame, Transport } from './transport'

/** What is said when entering, besides the page. */
export interface SessionConfig {
  readonly siteKey: string
  readonly referrer?: string
  readonly locale?: string
}

export interface SessionDeps {
  readonly transport: Transport
  readonly storage: Storage
  readonly config: SessionConfig
  page(): string
  /** Proves that the server rendered this frame. */
  ticket(): string
  /** Gets another ticket, or rejects; may load the frame anew and never resolve. */
  renewTicket(): Promise<string>
  /** The server gave us a new session: another visit, and perhaps another conversation. */
  renewed(entered: Entered): void
  /** What came of proving who the visitor is. */
  identified(verified: boolean): void
}

/** The credential and all that keeps it good. Nobody else sees a secret. */
export interface Session {
  /** Makes or resumes the session; callers at the same time share one request. */
  enter(): Promise<Entered>
  /** Asks as the visitor; an expired session is renewed first. */
  call<R extends Route>(route: R, ask: Ask<R>): Promise<Routes[R]['answer']>
  /** Follows as the visitor. Ends without a word where the session had to be renewed. */
  follow(cursor: string, signal: AbortSignal): AsyncIterable<Frame>
  /** Proves who the visitor is, now or when entering. */
  identify(token: string): Promise<void>
  /** Ends the session on the server, then forgets its secret. */
  end(): Promise<void>
}

const shelf = 'token'

export function createSession(deps: SessionDeps): Session {
  const { transport, storage, config } = deps
  let entering: Promise<Entered> | undefined
  let identity: string | undefined
  let stands = false

  const token = () => storage.get(shelf) ?? undefined

  async function ask(ticket: string): Promise<Entered> {
    const sentToken = token()
    const entered = await transport.call('POST /sessions', {
      token: sentToken,
      body: {
        site_key: config.siteKey,
        ticket,
        page_url: deps.page(),
        ...(config.referrer && { referrer: config.referrer }),
        ...(config.locale && { locale: config.locale }),
        ...(identity !== undefined && { identity }),
      },
    })
    await keep(entered, sentToken)
    stands = true
    if (identity !== undefined) deps.identified(entered.visitor.verified)
    // It is good for minutes only; whoever enters again is known by the credential.
    identity = undefined
    return entered
  }

  /** A cookie is better kept than a token, where the browser gives it back. */
  async function keep(entered: Entered, sentToken: string | undefined): Promise<void> {
    if (entered.token === undefined) return
    if (sentToken === undefined && (await cookieComesBack(entered.session.id))) return
    storage.set(shelf, entered.token)
  }

  const cookieComesBack = (id: string) =>
    transport.call('GET /session', { body: undefined }).then(
      ({ session }) => session.id === id,
      () => false,
    )

  async function enterAnew(): Promise<Entered> {
    try {
      return await ask(deps.ticket())
    } catch (failure) {
      if (!(failure instanceof Failure)) throw failure
      if (failure.code === 'identity_unsupported') {
        // Whoever cannot be verified comes in as they are.
        identity = undefined
        deps.identified(false)
        return enterAnew()
      }
      if (failure.code === 'ticket_expired' || failure.code === 'ticket_invalid') {
        return ask(await deps.renewTicket().catch(() => Promise.reject(failure)))
      }
      // A secret that the server knows nothing of is worth nothing.
      if (failure.status !== 401 || token() === undefined) throw failure
      storage.remove(shelf)
      return ask(deps.ticket())
    }
  }

  function enter(): Promise<Entered> {
    entering ??= enterAnew().finally(() => {
      entering = undefined
    })
    return entering
  }

  async function renew(): Promise<void> {
    const first = entering === undefined
    const entered = await enter()
    if (first) deps.renewed(entered)
  }

  const unknown = (failure: unknown) => failure instanceof Failure && failure.status === 401

  async function call<R extends Route>(route: R, ask: Ask<R>): Promise<Routes[R]['answer']> {
    try {
      return await transport.call(route, { ...ask, token: token() })
    } catch (failure) {
      if (!unknown(failure)) throw failure
      await renew()
      return transport.call(route, { ...ask, token: token() })
    }
  }

  return {
    enter,
    call,
    async *follow(cursor, signal) {
      try {
        yield* transport.follow({ cursor, token: token(), signal })
      } catch (failure) {
        if (!unknown(failure)) throw failure
        await renew()
      }
    },
    async identify(jwt) {
      if (!stands) {
        identity = jwt
        return
      }
      const sentToken = token()
      const entered = await call('POST /session/identify', { body: { token: jwt } })
      await keep(entered, sentToken)
      deps.renewed(entered)
      deps.identified(entered.visitor.verified)
    },
    async end() {
      try {
        await transport.call('DELETE /session', { body: undefined, token: token() })
      } catch (failure) {
        // A session that is over already needs no ending.
        if (!unknown(failure)) throw failure
      }
      stands = false
      storage.remove(shelf)
    },
  }
}
