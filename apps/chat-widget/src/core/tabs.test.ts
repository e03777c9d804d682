import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { failing, ScriptedServer } from '../../test/scripted-server'
import { Browser, pass, settle, spoken } from '../../test/tab'
import type { Chat } from './chat'
import { createTabs } from './tabs'

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

async function looking(): Promise<Chat> {
  const chat = browser.open(server)
  await chat.start()
  chat.setVisible(true)
  await settle()
  return chat
}

describe('two tabs', () => {
  test('hold one stream and see the same', async () => {
    const [one, two] = [await looking(), await looking()]
    expect(server.streams).toBe(1)
    two.send('Which tent?')
    await settle()
    server.begin()
    server.say('The Fjell.')
    await settle()
    const seen = ['visitor: Which tent?', 'agent: The Fjell.']
    expect(spoken(one)).toEqual(seen)
    expect(spoken(two)).toEqual(seen)
    server.finish()
    await settle()
    expect(one.view().turn).toBeNull()
    expect(two.view().turn).toBeNull()
    expect(server.count('GET /session/conversation')).toBe(0)
  })

  test('hand the stream on in mid-answer', async () => {
    const [one, two] = [await looking(), await looking()]
    two.send('Which tent?')
    await settle()
    server.begin()
    server.say('The ')
    await settle()
    one.close()
    await settle()
    expect(server.streams).toBe(1)
    server.say('Fjell.')
    server.finish()
    await settle()
    expect(spoken(two)).toEqual(['visitor: Which tent?', 'agent: The Fjell.'])
  })

  test('hand the stream on where the one that holds it is looked at no more', async () => {
    const [one, two] = [await looking(), await looking()]
    one.setVisible(false)
    await settle()
    expect(server.streams).toBe(1)
    two.setVisible(false)
    await settle()
    expect(server.streams).toBe(0)
  })

  test('miss nothing that is told while one of them opens', async () => {
    const one = await looking()
    one.send('Which?')
    await settle()
    server.begin()
    server.say('This.')
    await settle()
    let answer: (entered: ReturnType<ScriptedServer['entered']>) => void = () => undefined
    server.once('POST /sessions', () => {
      const early = server.entered()
      return new Promise((resolve) => {
        answer = () => resolve(early as never)
      })
    })
    const two = browser.open(server)
    void two.start()
    two.setVisible(true)
    await settle()
    server.finish()
    await settle()
    answer(server.entered())
    await settle()
    expect(two.view().turn).toBeNull()
    expect(two.view().messages.at(-1)).toMatchObject({ text: 'This.', status: 'done' })
    expect(server.streams).toBe(1)
  })

  test('both know when the line is broken', async () => {
    const [one, two] = [await looking(), await looking()]
    server.refuseStreams(failing(503, 'unavailable'))
    server.cut()
    await settle()
    expect([one.view().phase, two.view().phase]).toEqual(['reconnecting', 'reconnecting'])
    await pass(10_000)
    expect([one.view().phase, two.view().phase]).toEqual(['live', 'live'])
  })

  test('go on to a new chat together', async () => {
    const [one, two] = [await looking(), await looking()]
    one.send('Which?')
    await settle()
    await two.newChat()
    await settle()
    expect(one.view().messages).toEqual([])
    two.send('Another')
    await settle()
    expect(spoken(one)).toEqual(['visitor: Another'])
    expect(server.streams).toBe(1)
  })

  test('go on to a new chat though one is just fetching the old one', async () => {
    const [one, two] = [await looking(), await looking()]
    one.send('Which?')
    await settle()
    let answer = () => {}
    server.once('GET /session/conversation', () => {
      const old = server.snapshot()
      return new Promise((resolve) => {
        answer = () => resolve(old as never)
      })
    })
    server.begin()
    if (server.turn) server.turn.seq++
    // Only the one that leads hears of it before the new chat begins.
    server.say('lost')
    await two.newChat()
    await settle()
    answer()
    await settle()
    expect([one.view().messages, two.view().messages]).toEqual([[], []])
  })

  test('exchange an expired session once, and the other follows', async () => {
    const [one, two] = [await looking(), await looking()]
    server.refuse('POST /session/messages', failing(401, 'session_expired'))
    server.take({ id: 'q', text: 'Are you there?' })
    server.begin()
    server.say('Yes.')
    server.finish()
    await settle()
    server.refuse('POST /session/messages/{id}/feedback', failing(401, 'session_expired'))
    const before = server.count('POST /sessions')
    server.visitor = 'visitor-2'
    two.rate('answer-1', 1)
    two.send('Hello?')
    await settle()
    expect(server.count('POST /sessions')).toBe(before + 2)
    expect(server.streams).toBe(1)
    server.begin()
    server.say('Hello.')
    await settle()
    const seen = ['visitor: Are you there?', 'agent: Yes.', 'visitor: Hello?', 'agent: Hello.']
    expect([spoken(one), spoken(two)]).toEqual([seen, seen])
  })

  test('of a shopper who signs in hold one stream', async () => {
    const [one, two] = [await looking(), await looking()]
    server.visitor = 'visitor-2'
    server.once('POST /session/identify', () => server.entered())
    await one.identify('jwt')
    await settle()
    await looking()
    expect(server.streams).toBe(1)
    two.send('Hello?')
    await settle()
    expect([spoken(one), spoken(two)]).toEqual([['visitor: Hello?'], ['visitor: Hello?']])
  })

  test('end together', async () => {
    const [one, two] = [await looking(), await looking()]
    one.send('Which?')
    await settle()
    await two.end()
    await settle()
    expect([one.view().phase, two.view().phase]).toEqual(['ended', 'ended'])
    expect(one.view().messages).toEqual([])
    expect(server.streams).toBe(0)
  })

  test('send what was written offline once, whoever sends it', async () => {
    const one = await looking()
    browser.device.switch(false)
    one.send('Hello?')
    const two = browser.open(server)
    void two.start()
    two.setVisible(true)
    await settle()
    browser.device.switch(true)
    await pass(5_000)
    expect(server.messages.map(({ text }) => text)).toEqual(['Hello?'])
    expect([spoken(one), spoken(two)]).toEqual([['visitor: Hello?'], ['visitor: Hello?']])
    expect(browser.area.length).toBe(0)
  })

  test('of different visitors do not hear each other', async () => {
    const one = await looking()
    const other = new ScriptedServer()
    other.visitor = 'visitor-2'
    const two = browser.open(other)
    await two.start()
    two.setVisible(true)
    one.send('Mine')
    await settle()
    expect(spoken(two)).toEqual([])
    expect(server.streams + other.streams).toBe(2)
  })
})

describe('a tab stands alone', () => {
  const never = new AbortController().signal
  const silent = () => ({ postMessage() {}, addEventListener() {}, close() {} })

  test('where the browser has no locks or no channel', async () => {
    const granted = { request: () => expect.unreachable('expected no lock to be asked for') }
    const without = createTabs('name', granted, undefined)
    without.hear(() => undefined)
    ;(await without.lead('visitor', never))()
    const lockless = createTabs('name', undefined, silent)
    lockless.hear(() => undefined)
    ;(await lockless.lead('visitor', never))()
    lockless.tell('visitor', { kind: 'ended' })
  })

  test('where the browser denies either', async () => {
    const denied = () => {
      throw new DOMException('denied', 'SecurityError')
    }
    const mute = createTabs('name', undefined, denied)
    mute.hear(() => undefined)()
    mute.tell('visitor', { kind: 'ended' })
    const locks = { request: () => Promise.reject(new DOMException('denied', 'SecurityError')) }
    const tabs = createTabs('name', locks, silent)
    tabs.hear(() => undefined)
    ;(await tabs.lead('visitor', never))()
  })
})
