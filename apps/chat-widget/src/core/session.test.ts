import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { failing, ScriptedServer } from '../../test/scripted-server'
import { Browser, pass, settle, spoken } from '../../test/tab'

let server: ScriptedServer
let browser: Browser

beforeEach(() => {
  vi.useFakeTimers()
  server = new ScriptedServer()
  browser = new Browser()
})
afterEach(() => {
  vi.useRealTimers()
})

/** A server whose cookies the browser does not give back. */
function withoutCookies(secrets = ['secret-1', 'secret-2']): void {
  const known = new Set<string>()
  server.always('POST /sessions', ({ token }) => {
    const secret = token !== undefined && known.has(token) ? token : (secrets.shift() ?? '')
    known.add(secret)
    return { ...server.entered(), token: secret }
  })
  server.always('GET /session', ({ token }) =>
    token === undefined ? Promise.reject(failing(401, 'session_required')) : server.entered(),
  )
}

const kept = () => browser.area.getItem('securechat:token')
const tokens = () => server.calls.map(({ route, ask }) => [route, ask.token])

describe('the credential', () => {
  test('is the cookie where it comes back, and no secret is kept', async () => {
    server.always('POST /sessions', () => ({ ...server.entered(), token: 'secret-1' }))
    const chat = browser.open(server)
    await chat.start()
    chat.send('Hello?')
    await settle()
    expect(kept()).toBeNull()
    expect(tokens()).toEqual([
      ['POST /sessions', undefined],
      ['GET /session', undefined],
      ['POST /session/messages', undefined],
    ])
  })

  test('is the secret where the cookie does not come back, on the next page too', async () => {
    withoutCookies()
    const before = browser.open(server)
    await before.start()
    before.send('Hello?')
    await settle()
    expect(kept()).toBe('secret-1')
    expect(tokens().at(-1)).toEqual(['POST /session/messages', 'secret-1'])
    before.close()
    server.calls.length = 0

    await browser.open(server).start()
    expect(tokens()).toEqual([['POST /sessions', 'secret-1']])
  })

  test('is the secret where the cookie of another session comes back', async () => {
    server.always('POST /sessions', () => ({ ...server.entered(), token: 'secret-1' }))
    server.always('GET /session', () => ({
      session: { id: 'an older one', expires_at: '' },
      visitor: server.entered().visitor,
    }))
    await browser.open(server).start()
    expect(kept()).toBe('secret-1')
  })

  test('lives as long as the page where the browser keeps nothing', async () => {
    withoutCookies()
    vi.spyOn(browser.area, 'setItem').mockImplementation(() => {
      throw new DOMException('denied', 'SecurityError')
    })
    const chat = browser.open(server)
    await chat.start()
    chat.send('Hello?')
    await settle()
    expect(tokens().at(-1)).toEqual(['POST /session/messages', 'secret-1'])
    expect(browser.area.length).toBe(0)
  })

  test('that the server no longer knows is dropped for a new one', async () => {
    browser.area.setItem('securechat:token', 'from last year')
    withoutCookies()
    server.refuse('POST /sessions', failing(401, 'session_required'))
    const chat = browser.open(server)
    await chat.start()
    expect(chat.view().phase).toBe('live')
    expect(kept()).toBe('secret-1')
  })
})

describe('an expired session', () => {
  test('is exchanged once for all who notice, and they go on', async () => {
    const chat = browser.open(server)
    await chat.start()
    chat.send('Before')
    await settle()
    server.begin()
    server.say('Answer.')
    server.finish()
    await settle()
    const answer = chat.view().messages.at(-1)?.id ?? ''
    server.refuse('POST /session/messages', failing(401, 'session_expired'))
    server.refuse('POST /session/messages/{id}/feedback', failing(401, 'session_expired'))
    server.refuseStreams(failing(401, 'session_expired'))
    server.session = 'session-2'

    chat.setVisible(true)
    chat.rate(answer, 1)
    chat.send('After')
    await settle()
    expect(server.count('POST /sessions')).toBe(2)
    expect(spoken(chat)).toEqual(['visitor: Before', 'agent: Answer.', 'visitor: After'])
    expect(chat.view().messages.at(-1)?.delivery).toBe('sent')
    expect(server.count('POST /session/messages/{id}/feedback')).toBe(2)
    expect(server.streams).toBe(1)
    expect(chat.view()).toMatchObject({ phase: 'live', notice: null })
  })

  test('is exchanged where only the stream notices', async () => {
    const chat = browser.open(server)
    server.refuseStreams(failing(401, 'session_expired'))
    await chat.start()
    chat.setVisible(true)
    await settle()
    expect(server.count('POST /sessions')).toBe(2)
    expect(server.streams).toBe(1)
    expect(chat.view().phase).toBe('live')
  })

  test('shows the conversation that the new one opens', async () => {
    const chat = browser.open(server)
    await chat.start()
    chat.send('Before')
    await settle()
    server.messages = []
    server.turn = null
    server.visitor = 'visitor-2'
    server.refuse('POST /session/messages', failing(401, 'session_expired'))
    chat.setVisible(true)
    chat.send('After')
    await settle()
    expect(spoken(chat)).toEqual(['visitor: After'])
    expect(server.streams).toBe(1)
  })

  test('that cannot be exchanged either ends the chat', async () => {
    const chat = browser.open(server)
    await chat.start()
    server.refuse('POST /session/messages', failing(401, 'session_expired'))
    server.refuse('POST /sessions', failing(404, 'site_unknown'))
    chat.send('Hello?')
    await settle()
    expect(chat.view()).toMatchObject({ phase: 'refused', notice: { code: 'site_unknown' } })
  })
})

describe('entering', () => {
  test('tells site, page, language and ticket', async () => {
    const config = { siteKey: 'pk_demo', ticket: 't', page: 'https://shop.example/', locale: 'de' }
    await browser.open(server, { config }).start()
    expect(server.calls[0]?.ask.body).toEqual({
      site_key: 'pk_demo',
      ticket: 't',
      page_url: 'https://shop.example/',
      locale: 'de',
    })
  })

  test('twice at once is entering once, and again is not entering', async () => {
    const chat = browser.open(server)
    await Promise.all([chat.start(), chat.start()])
    await chat.start()
    expect(server.count('POST /sessions')).toBe(1)
  })

  test('with an expired ticket asks for another', async () => {
    server.refuse('POST /sessions', failing(403, 'ticket_expired'))
    const chat = browser.open(server, { renewTicket: () => Promise.resolve('ticket-2') })
    await chat.start()
    expect(server.calls.map(({ ask }) => ask.body)).toMatchObject([
      { ticket: 'ticket-1' },
      { ticket: 'ticket-2' },
    ])
    expect(chat.view().phase).toBe('live')
  })

  test('with a ticket that cannot be had anew is refused', async () => {
    server.refuse('POST /sessions', failing(403, 'ticket_expired'))
    const chat = browser.open(server)
    await chat.start()
    expect(chat.view()).toMatchObject({ phase: 'refused', notice: { code: 'ticket_expired' } })
  })

  test('is refused for good from a page that may not, until the shopper tries again', async () => {
    server.refuse('POST /sessions', failing(403, 'origin_forbidden'))
    const chat = browser.open(server)
    const errors: string[] = []
    chat.on('error', ({ code }) => errors.push(code))
    await chat.start()
    await pass(600_000)
    expect(server.count('POST /sessions')).toBe(1)
    expect(errors).toEqual(['origin_forbidden'])
    await chat.start()
    expect(chat.view()).toMatchObject({ phase: 'live', notice: null })
  })

  test('is tried again while the server is away', async () => {
    server.refuse('POST /sessions', failing(503, 'unavailable'), 3)
    const chat = browser.open(server)
    void chat.start()
    await settle()
    expect(chat.view().phase).toBe('reconnecting')
    await pass(1_000 + 2_000 + 4_000)
    expect(chat.view().phase).toBe('live')
  })

  test('ends without a trace where the chat is closed meanwhile', async () => {
    const chat = browser.open(server)
    const starting = chat.start()
    chat.close()
    await starting
    expect(chat.view().site).toBeNull()
    expect(server.streams).toBe(0)
  })
})

describe('a shopper who signs in', () => {
  test('before the chat is known from the start', async () => {
    const chat = browser.open(server)
    await chat.identify('jwt')
    expect(server.calls).toEqual([])
    await chat.start()
    expect(server.calls[0]?.ask.body).toMatchObject({ identity: 'jwt' })
    server.refuse('POST /session/messages', failing(401, 'session_expired'))
    chat.send('Much later')
    await settle()
    expect(server.count('POST /sessions')).toBe(2)
    expect(server.calls.at(-2)?.ask.body).not.toHaveProperty('identity')
  })

  test('and cannot be verified enters all the same, and the shop is told', async () => {
    const chat = browser.open(server)
    const errors: string[] = []
    chat.on('error', ({ code }) => errors.push(code))
    server.refuse('POST /sessions', failing(422, 'identity_unsupported'))
    await chat.identify('jwt')
    await chat.start()
    expect(errors).toEqual(['identity_unsupported'])
    expect(server.calls.at(-1)?.ask.body).not.toHaveProperty('identity')
    expect(chat.view()).toMatchObject({ phase: 'live', notice: null })
  })

  test('and is not believed stays who they were, and the shop is told', async () => {
    const chat = browser.open(server)
    const errors: string[] = []
    chat.on('error', ({ code }) => errors.push(code))
    await chat.start()
    server.refuse('POST /session/identify', failing(422, 'identity_invalid'))
    await chat.identify('jwt')
    expect(errors).toEqual(['identity_invalid'])
    expect(chat.view()).toMatchObject({ phase: 'live', notice: null })
  })

  test('is known to the shop only once the server believed it', async () => {
    const chat = browser.open(server)
    const told: string[] = []
    chat.on('identified', () => told.push('identified'))
    chat.on('error', ({ code }) => told.push(code))
    await chat.identify('jwt')
    expect(told).toEqual([])
    await chat.start()
    expect(told).toEqual(['identity_unsupported'])
    server.refuse('POST /session/identify', failing(404, 'not_found'))
    await chat.identify('jwt')
    expect(told).toEqual(['identity_unsupported', 'identity_unsupported'])
    const visitor = { ...server.entered().visitor, verified: true }
    server.once('POST /session/identify', () => ({ ...server.entered(), visitor }))
    await chat.identify('jwt')
    expect(told.at(-1)).toBe('identified')
  })

  test('during the chat keeps the conversation, under a new secret', async () => {
    withoutCookies()
    const chat = browser.open(server)
    await chat.start()
    chat.send('Hello?')
    await settle()
    server.visitor = 'visitor-2'
    server.once('POST /session/identify', () => ({ ...server.entered(), token: 'secret-9' }))
    await chat.identify('jwt')
    expect(kept()).toBe('secret-9')
    expect(spoken(chat)).toEqual(['visitor: Hello?'])
    chat.setVisible(true)
    await settle()
    expect(server.streams).toBe(1)
  })
})
