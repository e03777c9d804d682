import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { MemoryArea } from '../../test/browser-parts'
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

describe('the shopper', () => {
  test('stops an answer, though it may be over already', async () => {
    const chat = await started()
    chat.send('Which?')
    await settle()
    server.begin()
    await settle()
    server.refuse('POST /session/turns/{id}/stop', failing(409, 'turn_ended'))
    chat.stop()
    await settle()
    expect(server.calls.at(-1)).toMatchObject({ ask: { id: 'turn-1' } })
    expect(chat.view().notice).toBeNull()
    server.finish('stopped')
    await settle()
    expect(last(chat)?.status).toBe('stopped')
    chat.stop()
    expect(server.count('POST /session/turns/{id}/stop')).toBe(1)
  })

  test('rates an answer at once, and the rating goes where the server refuses it', async () => {
    const chat = await started()
    chat.send('Which?')
    await settle()
    server.begin()
    server.say('This.')
    server.finish()
    await settle()
    const answer = last(chat)?.id ?? ''
    const told: unknown[] = []
    chat.on('rated', (rated) => told.push(rated))
    chat.rate(answer, 1)
    expect(last(chat)?.rating).toBe(1)
    await settle()
    expect(told).toEqual([{ messageId: answer, rating: 1 }])
    server.refuse('POST /session/messages/{id}/feedback', failing(404, 'not_found'))
    chat.rate(answer, -1)
    expect(last(chat)?.rating).toBe(-1)
    await settle()
    expect(last(chat)?.rating).toBe(1)
    expect(chat.view().notice).toMatchObject({ kind: 'problem', code: 'not_found' })
  })

  test('begins a new chat', async () => {
    const chat = await started()
    chat.send('Which?')
    await settle()
    server.refuse('POST /session/messages', failing(422, 'text_empty'))
    chat.send('Never taken')
    await settle()
    const followed = server.followed.length
    await chat.newChat()
    await settle()
    expect(server.followed).toHaveLength(followed + 1)
    expect(chat.view()).toMatchObject({ messages: [], turn: null, notice: null })
    expect(browser.area.length).toBe(0)
    chat.send('Another')
    await settle()
    expect(spoken(chat)).toEqual(['visitor: Another'])
  })

  test('reads older messages, once each', async () => {
    const old = (id: string) => ({
      id,
      author: 'visitor' as const,
      text: id,
      created_at: '2026-11-23T09:00:00Z',
    })
    server.messages = [old('b'), old('c')]
    server.once('POST /sessions', () => {
      const entered = server.entered()
      return { ...entered, conversation: { ...entered.conversation, more: true } }
    })
    const chat = await started()
    server.once('GET /session/conversation', () => ({
      ...server.snapshot(),
      messages: [old('a'), old('b')],
    }))
    await Promise.all([chat.older(), chat.older()])
    expect(server.calls.at(-1)?.ask.query).toEqual({ before: 'b' })
    expect(chat.view().messages.map(({ id }) => id)).toEqual(['a', 'b', 'c'])
    await chat.older()
    expect(server.count('GET /session/conversation')).toBe(1)
  })

  test('who begins a new chat while the old one is mended sees nothing of that', async () => {
    const chat = await started()
    chat.send('Which?')
    await settle()
    let answer = () => {}
    server.once('GET /session/conversation', () => {
      const old = server.snapshot()
      return new Promise((resolve) => {
        answer = () => resolve(old as never)
      })
    })
    server.tell({ kind: 'log-reset' })
    await settle()
    await chat.newChat()
    answer()
    await settle()
    expect(chat.view().messages).toEqual([])
  })

  test('who begins a new chat hears nothing more of the old one', async () => {
    const chat = await started()
    chat.on('message-received', () => {
      server.take({ id: 'late', text: 'Said in the same breath' })
      void chat.newChat()
    })
    chat.send('Which?')
    await settle()
    server.begin()
    server.say('This.')
    server.finish()
    await settle()
    expect(server.count('POST /session/conversations')).toBe(1)
    expect(chat.view().messages).toEqual([])
  })

  test('who begins a new chat while older messages are fetched sees none of them', async () => {
    const old = {
      id: 'b',
      author: 'visitor' as const,
      text: 'b',
      created_at: '2026-11-23T09:00:00Z',
    }
    server.messages = [old]
    server.once('POST /sessions', () => {
      const entered = server.entered()
      return { ...entered, conversation: { ...entered.conversation, more: true } }
    })
    const chat = await started()
    let answer = () => {}
    server.once('GET /session/conversation', () => {
      const page = { ...server.snapshot(), messages: [{ ...old, id: 'a' }] }
      return new Promise((resolve) => {
        answer = () => resolve(page as never)
      })
    })
    const older = chat.older()
    await chat.newChat()
    answer()
    await older
    expect(chat.view().messages).toEqual([])
  })

  test('ends the chat, and nothing stays in the browser', async () => {
    const chat = await started()
    chat.send('Secret')
    chat.setDraft('More secrets')
    await settle()
    await chat.end()
    expect(chat.view()).toMatchObject({ phase: 'ended', messages: [] })
    expect(browser.area.length).toBe(0)
    expect(chat.draft()).toBe('')
    await settle()
    expect(server.streams).toBe(0)
    server.messages = []
    await started(chat)
    expect(chat.view().phase).toBe('live')
  })

  test('who cannot end the session is told so, and it is kept', async () => {
    const chat = await started()
    server.refuse('DELETE /session', failing(0, 'unreachable'))
    await chat.end()
    expect(chat.view()).toMatchObject({ phase: 'live', notice: { code: 'unreachable' } })
  })

  test('who asked for more room has it on the next page of the tab, until the chat ends', async () => {
    const tab = new MemoryArea()
    const before = browser.open(server, {}, tab)
    expect(before.wide()).toBe(false)
    before.setWide(true)
    before.close()

    expect(browser.open(server).wide()).toBe(false)
    const after = await started(browser.open(server, {}, tab))
    expect(after.wide()).toBe(true)
    await after.end()
    expect(tab.length).toBe(0)
    after.setWide(true)
    after.setWide(false)
    expect(browser.open(server, {}, tab).wide()).toBe(false)
  })

  test('who gives no consent leaves nothing behind on the next page', () => {
    const before = browser.open(server)
    browser.device.switch(false)
    before.send('Kept')
    before.consent({ functional: false })
    expect(browser.area.length).toBe(0)
    expect(last(before)?.text).toBe('Kept')
    before.send('Also')
    expect(browser.area.length).toBe(0)
    before.consent({ functional: true })
    before.close()
    expect(spoken(browser.open(server))).toEqual(['visitor: Kept', 'visitor: Also'])
  })

  test('who does not look is told how much came', async () => {
    const chat = await started()
    const unread: number[] = []
    const leave = chat.on('unread', ({ count }) => unread.push(count))
    chat.send('Which?')
    await settle()
    server.begin()
    server.say('That.')
    server.finish()
    await settle()
    expect(unread).toEqual([])
    chat.send('And?')
    await settle()
    chat.setVisible(false)
    server.begin()
    server.say('This.')
    server.finish()
    await settle()
    chat.setVisible(true)
    await settle()
    leave()
    expect(unread).toEqual([1, 0])
  })
})

test('signals tell what happens, each once, and never what was written', async () => {
  const chat = await started()
  const told: unknown[] = []
  chat.on('message-sent', (what) => told.push(['sent', what]))
  chat.on('stream-start', (what) => told.push(['start', what]))
  chat.on('stream-end', (what) => told.push(['end', what]))
  chat.on('message-received', (what) => told.push(['received', what]))
  chat.send('Which?')
  await settle()
  server.begin()
  server.say('This.')
  server.cut()
  await pass(2_000)
  server.finish()
  await settle()
  expect(told).toEqual([
    ['sent', { messageId: 'id-1' }],
    ['start', { turnId: 'turn-1' }],
    ['end', { turnId: 'turn-1', status: 'done' }],
    ['received', { messageId: 'answer-1' }],
  ])
})

test('the view is the same until something changed, and every change is told', async () => {
  const chat = browser.open(server)
  const views = new Set([chat.view()])
  let told = 0
  chat.subscribe(() => told++)
  expect(chat.view()).toBe(chat.view())
  await chat.start()
  expect(told).toBeGreaterThan(0)
  views.add(chat.view())
  expect(views.size).toBe(2)
})
