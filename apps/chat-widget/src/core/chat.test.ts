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
    chat.rate(answer, 1)
    expect(last(chat)?.rating).toBe(1)
    await settle()
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
