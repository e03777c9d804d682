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

describe('the stream', () => {
  test('goes on from the same word after it broke', async () => {
    const chat = await started()
    chat.send('Which?')
    await settle()
    server.begin()
    server.say('One ')
    await settle()
    server.cut()
    server.say('two ')
    await settle()
    expect(chat.view().phase).toBe('reconnecting')
    await pass(2_000)
    server.say('three')
    server.finish()
    await settle()
    expect(chat.view().phase).toBe('live')
    expect(last(chat)?.text).toBe('One two three')
    server.cut()
    await pass(2_000)
    expect(server.followed.at(-1)).toBe(server.cursor)
    expect(server.count('GET /session/conversation')).toBe(0)
  })

  test('waits longer after each failure, and as long as the server asks', async () => {
    await started()
    server.refuseStreams(
      failing(503, 'unavailable'),
      failing(503, 'unavailable'),
      failing(429, 'rate_limited', 25_000),
    )
    server.cut()
    await settle()
    const attempts = () => server.followed.length - 1
    await pass(1_999)
    expect(attempts()).toBe(1)
    await pass(3_999)
    expect(attempts()).toBe(2)
    await pass(7_999)
    expect(attempts()).toBe(3)
    await pass(24_999)
    expect(attempts()).toBe(3)
    await pass(1)
    expect(attempts()).toBe(4)
    expect(server.streams).toBe(1)
    // A stream that stood makes good for all failures before it.
    server.askToWait(500)
    await settle()
    server.cut()
    await pass(499)
    expect(attempts()).toBe(5)
  })

  test('that gives no sign of life is taken for broken', async () => {
    await started()
    await pass(30_000)
    server.beat()
    await pass(39_000)
    expect(server.followed).toHaveLength(1)
    await pass(1_000 + 2_000)
    expect(server.followed).toHaveLength(2)
    expect(server.streams).toBe(1)
  })

  test('whose log began anew is followed from the conversation as it is', async () => {
    const chat = await started()
    chat.send('Which?')
    await settle()
    server.begin()
    server.say('One two')
    await settle()
    server.loseLog()
    if (server.turn) server.turn.text = 'One'
    await pass(2_000)
    expect(server.count('GET /session/conversation')).toBe(1)
    expect(last(chat)?.text).toBe('One')
    server.say(' more')
    server.finish()
    await settle()
    expect(last(chat)).toMatchObject({ text: 'One more', status: 'done' })
    expect(server.streams).toBe(1)
  })

  test('that skipped an event is mended from the conversation', async () => {
    const chat = await started()
    chat.send('Which?')
    await settle()
    server.begin()
    if (server.turn) {
      server.turn.text = 'lost '
      server.turn.seq++
    }
    server.say('found')
    await settle()
    expect(server.count('GET /session/conversation')).toBe(1)
    expect(last(chat)?.text).toBe('lost found')
  })

  test('is mended from the conversation, and what is told while that is fetched is not lost', async () => {
    const chat = await started()
    chat.send('Which?')
    await settle()
    server.begin()
    if (server.turn) server.turn.seq++
    server.once('GET /session/conversation', () => {
      const before = server.snapshot()
      server.say(' and more')
      return before
    })
    server.say('found')
    await settle()
    expect(server.count('GET /session/conversation')).toBe(1)
    expect(last(chat)).toMatchObject({ text: 'found and more', status: 'streaming' })
  })

  test('is open only while somebody looks or an answer is under way', async () => {
    const chat = browser.open(server)
    await chat.start()
    await settle()
    expect(server.streams).toBe(0)
    chat.setVisible(true)
    await settle()
    expect(server.streams).toBe(1)
    chat.send('Which?')
    await settle()
    chat.setVisible(false)
    await settle()
    expect(server.streams).toBe(1)
    server.begin()
    server.finish()
    await settle()
    expect(server.streams).toBe(0)
    expect(chat.view().phase).toBe('live')
  })

  test('tells what happened while nobody looked, once somebody looks again', async () => {
    const chat = await started()
    chat.setVisible(false)
    await settle()
    server.take({ id: 'elsewhere', text: 'From my phone' })
    chat.setVisible(true)
    await settle()
    expect(spoken(chat)).toEqual(['visitor: From my phone'])
  })

  test('is followed anew at once when the connection changes', async () => {
    await started()
    browser.device.switch(false)
    browser.device.switch(true)
    await settle()
    expect(server.followed).toHaveLength(2)
    expect(server.streams).toBe(1)
  })

  test('that the server refuses ends the chat', async () => {
    const chat = browser.open(server)
    server.refuseStreams(failing(403, 'origin_forbidden'))
    await started(chat)
    expect(chat.view()).toMatchObject({
      phase: 'refused',
      notice: { kind: 'refused', code: 'origin_forbidden' },
    })
  })
})

describe('the next page', () => {
  test('goes on with the answer from the same word', async () => {
    const before = await started()
    before.send('Which tent?')
    await settle()
    server.begin()
    server.say('The Fje')
    await settle()
    before.close()
    await settle()
    expect(server.streams).toBe(0)
    server.say('ll ')

    const after = await started()
    expect(after.view().resumed).toBe(true)
    expect(last(after)).toMatchObject({ text: 'The Fjell ', status: 'streaming' })
    server.say('is light.')
    server.finish()
    await settle()
    expect(spoken(after)).toEqual(['visitor: Which tent?', 'agent: The Fjell is light.'])
  })

  test('of the same tab has the draft, and another tab has not', () => {
    const tabArea = new Browser().area
    browser.open(server, {}, tabArea).setDraft('Is this')
    expect(browser.open(server, {}, tabArea).draft()).toBe('Is this')
    expect(browser.open(server).draft()).toBe('')
    const chat = browser.open(server, {}, tabArea)
    chat.setDraft('')
    expect(tabArea.length).toBe(0)
  })
})
