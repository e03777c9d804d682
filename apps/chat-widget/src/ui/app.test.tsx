// @vitest-environment happy-dom
import type { Branding, Features } from '@securechat/types/wire'
import { Subscribable } from '@securechat/utils/subscribable'
import { act } from 'preact/test-utils'
import { createRoot } from 'react-dom/client'
import { afterEach, expect, test, vi } from 'vitest'
import type { Chat } from '../core/chat'
import type { View, ViewMessage } from '../core/view'
import { ChatProvider } from '../react/provider'
import { App } from './app'

const branding: Branding = {
  title: 'The shop',
  tagline: 'Answers at once',
  greeting: 'Hello there',
  suggestions: ['Where is my order?'],
  accent: '#2f5bea',
  theme: 'auto',
  position: 'right',
  ai_notice: '',
}
const features: Features = {
  feedback: true,
  new_chat: true,
  attachments: false,
  fingerprint: false,
  max_text: 20,
}
const idle: View = {
  phase: 'live',
  site: null,
  messages: [],
  turn: null,
  more: false,
  resumed: false,
  notice: null,
}

const question: ViewMessage = {
  id: 'q',
  author: 'visitor',
  text: 'Hi',
  createdAt: 1,
  delivery: 'sent',
}
const answer: ViewMessage = {
  id: 'a',
  author: 'agent',
  text: 'Hello',
  createdAt: 2,
  status: 'done',
}

/** The panel on a chat whose view the test decides. */
function show(first: Partial<View> = {}) {
  let view: View = { ...idle, ...first }
  const changes = new Subscribable()
  const chat = {
    subscribe: changes.subscribe,
    view: () => view,
    draft: () => '',
    setDraft: vi.fn(),
    send: vi.fn(),
    stop: vi.fn(),
    retry: vi.fn(),
    rate: vi.fn(),
    start: vi.fn(),
    end: vi.fn(),
    newChat: vi.fn(() => Promise.resolve()),
  }
  const close = vi.fn()
  const root = createRoot(document.body.appendChild(document.createElement('div')))
  const clicked = vi.fn()
  const widen = vi.fn((wide: boolean) => draw(wide))
  const draw = (wide = false) =>
    root.render(
      <ChatProvider chat={chat as unknown as Chat}>
        <App
          branding={branding}
          features={features}
          panel={{ shown: true, fullScreen: false, wide, prefill: null, close, widen, clicked }}
        />
      </ChatProvider>,
    )
  void act(() => draw())
  const turnTo = (next: Partial<View>) =>
    void act(() => {
      view = { ...view, ...next }
      changes.notify()
    })
  return { chat, close, widen, clicked, turnTo }
}

afterEach(() => {
  vi.useRealTimers()
  document.body.replaceChildren()
})

const button = (name: string) =>
  [...document.querySelectorAll('button')].find(
    (it) => (it.ariaLabel ?? it.getAttribute('aria-label') ?? it.textContent) === name,
  )
const field = () => document.querySelector('textarea') as HTMLTextAreaElement
const write = (text: string) =>
  void act(() => {
    field().value = text
    field().dispatchEvent(new Event('input', { bubbles: true }))
  })
const press = (key: string, more: KeyboardEventInit = {}) =>
  void act(() => {
    field().dispatchEvent(
      new KeyboardEvent('keydown', { key, bubbles: true, cancelable: true, ...more }),
    )
  })

test('before the first message the visitor is told that an AI answers', () => {
  show()
  expect(document.body.textContent).toContain('You’re talking to an AI assistant')
  expect(document.querySelector('h1')?.textContent).toBe('Hello there')
})

test('the notice stays above the first message', () => {
  show({ messages: [question] })
  expect(document.querySelector('[role=log]')?.textContent).toContain(
    'You’re talking to an AI assistant',
  )
})

test('a suggestion asks itself', () => {
  const { chat } = show()
  void act(() => (document.querySelector('.suggestions button') as HTMLElement).click())
  expect(chat.send).toHaveBeenCalledWith('Where is my order?')
})

test('Enter sends, Shift+Enter and a composing Enter do not', () => {
  const { chat } = show()
  write('  Hi there ')
  press('Enter', { shiftKey: true })
  press('Enter', { isComposing: true })
  expect(chat.send).not.toHaveBeenCalled()
  press('Enter')
  expect(chat.send).toHaveBeenCalledWith('Hi there')
  expect(field().value).toBe('')
})

test('nothing empty and nothing too long is sent', () => {
  const { chat } = show()
  press('Enter')
  write('   ')
  press('Enter')
  write('x'.repeat(21))
  press('Enter')
  expect(chat.send).not.toHaveBeenCalled()
  expect(document.body.textContent).toContain('1 characters too long')
})

test('while an answer is written Send is Stop, until one writes', () => {
  const { chat } = show({ messages: [question], turn: { id: 't', state: 'running' } })
  void act(() => button('Stop answering')?.click())
  expect(chat.stop).toHaveBeenCalled()
  write('Wait')
  expect(button('Stop answering')).toBeUndefined()
  expect(button('Send')).toBeDefined()
})

test('the place in line and the tool at work are told', () => {
  const { turnTo } = show({
    messages: [question],
    turn: { id: 't', state: 'waiting', position: 3 },
  })
  expect(document.querySelector('.waiting')?.textContent).toContain('You’re number 3 in line')
  turnTo({ turn: { id: 't', state: 'running', activity: 'Checking your order…' } })
  expect(document.querySelector('.waiting')?.textContent).toContain('Checking your order…')
  turnTo({ turn: null, messages: [question, answer] })
  expect(document.querySelector('.waiting')).toBeNull()
})

test.each(['failed', 'interrupted'] as const)(
  'an answer that %s can be asked for again',
  (status) => {
    const { chat } = show({ messages: [question, { ...answer, status }] })
    void act(() => button('Try again')?.click())
    expect(chat.retry).toHaveBeenCalledWith('a')
  },
)

test('a question that could not be sent can be sent again', () => {
  const { chat } = show({ messages: [{ ...question, delivery: 'failed' }] })
  void act(() => button('Try again')?.click())
  expect(chat.retry).toHaveBeenCalledWith('q')
})

test('an answer can be rated, and says how it was rated', () => {
  const { chat } = show({ messages: [question, { ...answer, rating: -1 }] })
  expect(button('Bad answer')?.getAttribute('aria-pressed')).toBe('true')
  void act(() => button('Good answer')?.click())
  expect(chat.rate).toHaveBeenCalledWith('a', 1)
})

test('Escape closes the panel, but an open menu first', () => {
  const { close } = show({ messages: [question] })
  void act(() => button('More options')?.click())
  const item = document.querySelector('[role=menuitem]') as HTMLElement
  void act(
    () => void item.dispatchEvent(new KeyboardEvent('keydown', { key: 'Escape', bubbles: true })),
  )
  expect(document.querySelector('[role=menu]')).toBeNull()
  expect(close).not.toHaveBeenCalled()
  press('Escape')
  expect(close).toHaveBeenCalledTimes(1)
})

test('an answer taken up is told of once and briefly, where the tagline is', () => {
  vi.useFakeTimers()
  const { turnTo } = show({ messages: [question], resumed: true })
  const header = () => document.querySelector('header')?.textContent
  expect(header()).toBe('The shopContinuing…')
  expect(document.querySelector('.notice')?.textContent).toContain('AI assistant')
  void act(() => void vi.advanceTimersByTime(2000))
  expect(header()).toBe('The shopAnswers at once')
  turnTo({ messages: [question, answer] })
  expect(header()).toBe('The shopAnswers at once')
})

test('a growing answer writes on to the nodes that are there', () => {
  const { turnTo } = show({ messages: [question, { ...answer, text: 'One', status: 'streaming' }] })
  const first = document.querySelector('.markdown p')
  turnTo({ messages: [question, { ...answer, text: 'One **two**', status: 'done' }] })
  return vi.waitFor(() => {
    expect(document.querySelector('.markdown')?.textContent).toBe('One two')
    expect(document.querySelector('.markdown p')).toBe(first)
  })
})

test('a replaced answer is drawn anew', () => {
  const { turnTo } = show({
    messages: [question, { ...answer, text: 'One two', status: 'streaming' }],
  })
  turnTo({ messages: [question, { ...answer, text: 'Other words', status: 'streaming' }] })
  return vi.waitFor(() =>
    expect(document.querySelector('.markdown')?.textContent).toContain('Other'),
  )
})

const click = (name: string) => void act(() => button(name)?.click())

test('a new conversation and the end are asked for first', () => {
  const { chat } = show({ messages: [question, answer] })
  for (const [item, done] of [
    ['New conversation', chat.newChat],
    ['End chat', chat.end],
  ] as const) {
    for (const [choice, times] of [
      ['Cancel', 0],
      [item, 1],
    ] as const) {
      click('More options')
      click(item)
      expect(document.querySelector('dialog')?.open).toBe(true)
      click(choice)
      expect(document.querySelector('dialog')).toBeNull()
      expect(done).toHaveBeenCalledTimes(times)
    }
  }
})

test('when the chat has ended the way to a new one has the focus', () => {
  const { chat, turnTo } = show({ messages: [question, answer] })
  turnTo({ phase: 'ended', messages: [] })
  expect(document.activeElement).toBe(button('Start a new chat'))
  click('Start a new chat')
  expect(chat.start).toHaveBeenCalled()
  turnTo({ phase: 'live' })
  expect(document.activeElement).toBe(field())
})

test('the reader may have more room, and give it back', () => {
  const { widen } = show({ messages: [question] })
  click('Wide view')
  expect(button('Wide view')?.getAttribute('aria-pressed')).toBe('true')
  click('Wide view')
  expect(widen.mock.calls).toEqual([[true], [false]])
})

test('whoever follows a card is told with its message', () => {
  const cards = [{ title: 'Lamp', url: 'https://shop.example/lamp' }]
  const { clicked } = show({ messages: [question, { ...answer, cards }] })
  const link = document.querySelector('.card a') as HTMLElement
  link.addEventListener('click', (event) => event.preventDefault())
  void act(() => link.click())
  expect(clicked).toHaveBeenCalledWith('a')
})

test('a person who answers is named', () => {
  show({ messages: [question, { ...answer, author: 'operator' }] })
  expect(document.querySelector('.by')?.textContent).toBe('Support')
})
