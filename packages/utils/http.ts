import { isProblem } from '@securechat/types/guards'

/** Codes of failures for which no server gave one. */
export type OwnCode = 'unreachable' | 'bad_answer' | 'http_error'

interface FailureFacts {
  /** The problem's code, or one of {@link OwnCode}. */
  readonly code: string
  /** HTTP status; 0 where no answer came. */
  readonly status: number
  /** Words that may be shown. */
  readonly title: string
  /** Under which the server's log knows this failure. */
  readonly id?: string
  /** Milliseconds the server asks us to wait. */
  readonly retryAfter?: number
}

/** A request that was not answered with success. */
export class Failure extends Error implements FailureFacts {
  declare readonly code: string
  declare readonly status: number
  declare readonly title: string
  declare readonly id?: string
  declare readonly retryAfter?: number

  constructor(facts: FailureFacts, cause?: unknown) {
    super(`${facts.code}: ${facts.title}`, { cause })
    Object.assign(this, facts, { name: 'Failure' })
  }

  /**
   * Whether the same request may succeed later without anybody changing anything. A success
   * that cannot be read is of something that stands between, such as a hotel's sign-in page.
   */
  get passing(): boolean {
    return this.status < 300 || this.status === 408 || this.status === 429 || this.status >= 500
  }
}

/**
 * Sends a request and gives back a successful response, its body unread.
 * Throws a {@link Failure} otherwise, and the signal's reason when aborted.
 */
export async function request(
  fetch: typeof globalThis.fetch,
  url: string,
  init: RequestInit,
): Promise<Response> {
  let response: Response
  try {
    response = await fetch(url, init)
  } catch (cause) {
    init.signal?.throwIfAborted()
    throw new Failure({ code: 'unreachable', status: 0, title: 'No connection' }, cause)
  }
  if (!response.ok) throw await toFailure(response)
  return response
}

/** The body of a successful answer; undefined where there is none (204, 202 without a body). */
export async function readJson(response: Response): Promise<unknown> {
  const text = await response.text().catch((cause: unknown) => {
    throw new Failure({ code: 'unreachable', status: 0, title: 'No connection' }, cause)
  })
  if (text === '') return undefined
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw new Failure(
      { code: 'bad_answer', status: response.status, title: 'The answer could not be read' },
      cause,
    )
  }
}

async function toFailure(response: Response): Promise<Failure> {
  const body: unknown = await response.json().catch(() => undefined)
  const wait = retryAfter(response.headers.get('retry-after'), Date.now())
  return new Failure({
    status: response.status,
    ...(isProblem(body)
      ? { code: body.code, title: body.title, ...(body.id !== undefined && { id: body.id }) }
      : { code: 'http_error', title: 'Something went wrong' }),
    ...(wait !== undefined && { retryAfter: wait }),
  })
}

/** Milliseconds from a `Retry-After` header (RFC 9110, 10.2.3): seconds or a date. */
export function retryAfter(header: string | null, now: number): number | undefined {
  if (header === null) return undefined
  if (/^\d+$/.test(header)) return Number(header) * 1000
  const at = Date.parse(header)
  return Number.isNaN(at) ? undefined : Math.max(0, at - now)
}
