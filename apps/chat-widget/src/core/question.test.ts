import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { failing, ScriptedServer } from '../../test/scripted-server'
import { Browser, pass, settle, spoken } from '../../test/tab'
import type { Chat } from './chat'

let server: ScriptedServer
let browser: Browser

beforeEach(() => {
  vi.useFakeTimers({ now: Date.parse('2026-11-24T09:00:00Z') })
  server = new ScriptedServer()
  browser = new Browser()
})
afterEach(() => {
  vi.useRealTimers()
})

const last = (chat: Chat) => chat.view().messages.at(-1)

async function started(chat: Chat = browser.open(server)): Promise<Chat> {
  await chat.start()
  chat.setVisible(true)
  await settle()
  return chat
}

describe('a question', () => {
  test('is nothing that is asked or kept before the shopper wants to talk', async () => {
    const chat = browser.open(server)
    chat.setPage('https://shop.example/tents')
    chat.setVisible(true)
    await pass(60_000)
    expect(server.calls).toEqual([])
    expect(server.followed).toEqual([])
    expect(browser.area.length).toBe(0)
    expect(chat.view()).toMatchObject({ phase: 'idle', messages: [], site: null })
  })

  test('is shown at once, sent, and answered word by word', async () => {
    const chat = await started()
    chat.send('  Which tent?  ')
    expect(last(chat)).toMatchObject({ text: 'Which tent?', delivery: 'pending' })
    await settle()
    expect(last(chat)).toMatchObject({ text: 'Which tent?', delivery: 'sent' })
    expect(chat.view().turn).toMatchObject({ state: 'waiting' })

    server.begin()
    server.say('The ')
    await settle()
    expect(chat.view().turn).toMatchObject({ state: 'running' })
    expect(last(chat)).toMatchObject({ author: 'agent', text: 'The ', status: 'streaming' })

    server.say('Fjell.')
    server.finish()
    await settle()
    expect(chat.view().turn).toBeNull()
    expect(spoken(chat)).toEqual(['visitor: Which tent?', 'agent: The Fjell.'])
    expect(last(chat)).toMatchObject({ status: 'done' })
  })

  test('tells the page it was asked on', async () => {
    const chat = await started()
    chat.setPage('https://shop.example/tents')
    chat.send('Which?')
    await settle()
    expect(server.calls.at(-1)).toMatchObject({
      route: 'POST /session/messages',
      ask: { body: { page_url: 'https://shop.example/tents' } },
    })
  })

  test('starts the chat by itself', async () => {
    const chat = browser.open(server)
    chat.send('Hello?')
    await settle()
    expect(spoken(chat)).toEqual(['visitor: Hello?'])
    expect(last(chat)?.delivery).toBe('sent')
    expect(server.count('POST /sessions')).toBe(1)
  })

  test('of nothing but space is none, and one too long is told so', async () => {
    const chat = await started()
    chat.send(' \n ')
    chat.send('🏕'.repeat(4001))
    expect(chat.view().messages).toEqual([])
    expect(chat.view().notice).toEqual({ kind: 'too-long', max: 4000 })
    chat.send('🏕'.repeat(4000))
    await settle()
    expect(chat.view().notice).toBeNull()
    expect(last(chat)?.delivery).toBe('sent')
  })

  test('whose receipt was lost is repeated under its id and asked once', async () => {
    const chat = await started()
    server.once('POST /session/messages', (ask) => {
      server.take(ask.body)
      return Promise.reject(failing(0, 'unreachable'))
    })
    server.cut()
    chat.send('Once?')
    await pass(5_000)
    const ids = server.calls
      .filter(({ route }) => route === 'POST /session/messages')
      .map(({ ask }) => (ask.body as { id: string }).id)
    expect(new Set(ids).size).toBe(1)
    expect(spoken(chat)).toEqual(['visitor: Once?'])
    expect(last(chat)?.delivery).toBe('sent')
  })

  test('whose receipt was lost is not repeated where the stream tells of it', async () => {
    const chat = await started()
    server.once('POST /session/messages', (ask) => {
      server.take(ask.body)
      return Promise.reject(failing(0, 'unreachable'))
    })
    chat.send('Once?')
    await settle()
    expect(last(chat)).toMatchObject({ text: 'Once?', delivery: 'sent' })
    await pass(60_000)
    expect(spoken(chat)).toEqual(['visitor: Once?'])
    expect(server.count('POST /session/messages')).toBe(1)
  })

  test('waits its turn behind the one before it', async () => {
    const chat = await started()
    server.refuse('POST /session/messages', failing(503, 'unavailable'))
    chat.send('First')
    chat.send('Second')
    await pass(2_000)
    expect(spoken(chat)).toEqual(['visitor: First', 'visitor: Second'])
    expect(server.messages.map(({ text }) => text)).toEqual(['First', 'Second'])
  })

  test('that the server will never take is failed, and tried again when the shopper says so', async () => {
    const chat = await started()
    server.refuse('POST /session/messages', failing(422, 'text_empty'))
    chat.send('\u200b')
    chat.send('Next')
    await settle()
    const [refused] = chat.view().messages.filter(({ delivery }) => delivery === 'failed')
    expect(refused?.problem).toMatchObject({ code: 'text_empty' })
    expect(server.messages.map(({ text }) => text)).toEqual(['Next'])
    chat.retry(refused?.id ?? '')
    await settle()
    expect(server.messages.map(({ id }) => id)).toContain(refused?.id)
    expect(chat.view().messages.every(({ delivery }) => delivery === 'sent')).toBe(true)
  })

  test('in conflict with another under its id is tried again under a new one', async () => {
    const chat = await started()
    server.refuse('POST /session/messages', failing(422, 'message_conflict'))
    chat.send('Which?')
    await settle()
    const refused = last(chat)?.id ?? ''
    chat.retry(refused)
    await settle()
    expect(server.messages.map(({ text }) => text)).toEqual(['Which?'])
    expect(server.messages[0]?.id).not.toBe(refused)
  })

  test('is given up after many failures, but kept', async () => {
    const chat = await started()
    server.always('POST /session/messages', () => Promise.reject(failing(503, 'unavailable')))
    chat.send('Hello?')
    await pass(120_000)
    expect(last(chat)).toMatchObject({ delivery: 'failed', problem: { code: 'unavailable' } })
    expect(browser.area.length).toBe(1)
  })

  test.each([
    ['is empty', () => undefined],
    ['tells of no message', () => ({})],
    ['cannot be read', () => Promise.reject(failing(200, 'bad_answer'))],
  ])('whose receipt %s is repeated no faster than after any failure', async (_, answer) => {
    const chat = await started()
    const sent = () => server.count('POST /session/messages')
    // Whoever repeats without a pause is left hanging rather than hangs the test.
    server.always('POST /session/messages', () =>
      sent() > 50 ? new Promise(() => undefined) : answer(),
    )
    chat.send('Hello?')
    await settle()
    expect(sent()).toBe(1)
    expect(last(chat)?.delivery).toBe('pending')
    await pass(3_000)
    expect(sent()).toBe(3)
    await pass(120_000)
    expect(sent()).toBe(8)
    expect(last(chat)).toMatchObject({ delivery: 'failed', problem: { code: 'bad_answer' } })
  })

  test('sent too fast waits as long as the server says and tells until when', async () => {
    const chat = await started()
    server.refuse('POST /session/messages', failing(429, 'rate_limited', 12_000))
    chat.send('Again?')
    await settle()
    expect(chat.view().notice).toEqual({ kind: 'rate-limited', until: Date.now() + 12_000 })
    expect(last(chat)?.delivery).toBe('pending')
    await pass(11_999)
    expect(server.count('POST /session/messages')).toBe(1)
    await pass(1)
    expect(last(chat)?.delivery).toBe('sent')
    expect(chat.view().notice).toBeNull()
  })

  test('is not given up for being sent too fast', async () => {
    const chat = await started()
    server.refuse('POST /session/messages', failing(429, 'rate_limited', 1_000), 20)
    chat.send('Again?')
    await pass(20_000)
    expect(last(chat)?.delivery).toBe('sent')
  })

  test('whose answer failed can be asked anew', async () => {
    const chat = await started()
    chat.send('Which tent?')
    await settle()
    server.begin()
    server.say('The')
    server.finish('failed')
    await settle()
    chat.retry(last(chat)?.id ?? '')
    await settle()
    expect(server.messages.filter(({ author }) => author === 'visitor')).toHaveLength(2)
    expect(last(chat)).toMatchObject({ text: 'Which tent?', delivery: 'sent' })
  })
})

describe('without a connection', () => {
  test('a question waits and is sent once when it is back', async () => {
    const chat = await started()
    browser.device.switch(false)
    expect(chat.view().phase).toBe('offline')
    chat.send('Are you there?')
    await pass(600_000)
    expect(last(chat)?.delivery).toBe('pending')
    expect(server.count('POST /session/messages')).toBe(0)
    browser.device.switch(true)
    await settle()
    expect(last(chat)?.delivery).toBe('sent')
    expect(chat.view().phase).toBe('live')
    expect(server.count('POST /session/messages')).toBe(1)
  })

  test('a question is not given up, however often the connection comes and goes', async () => {
    const chat = await started()
    server.always('POST /session/messages', () => {
      browser.device.switch(false)
      return Promise.reject(failing(0, 'unreachable'))
    })
    chat.send('Are you there?')
    for (let i = 0; i < 20; i++) {
      await pass(30_000)
      browser.device.switch(true)
    }
    await settle()
    expect(server.count('POST /session/messages')).toBe(21)
    expect(last(chat)?.delivery).toBe('pending')
  })

  test('a question survives the page', async () => {
    const before = await started()
    browser.device.switch(false)
    before.send('First')
    before.send('Second')
    before.close()

    const after = browser.open(server)
    expect(after.view().messages.map(({ delivery }) => delivery)).toEqual(['pending', 'pending'])
    browser.device.switch(true)
    await started(after)
    expect(server.messages.map(({ text }) => text)).toEqual(['First', 'Second'])
    expect(after.view().messages.map(({ delivery }) => delivery)).toEqual(['sent', 'sent'])
    expect(browser.area.length).toBe(0)
  })

  test('the chat starts when it is back', async () => {
    browser.device.switch(false)
    server.refuse('POST /sessions', failing(0, 'unreachable'))
    const chat = browser.open(server)
    void chat.start()
    await pass(60_000)
    expect(chat.view().phase).toBe('offline')
    browser.device.switch(true)
    await settle()
    expect(chat.view().phase).toBe('live')
  })
})
