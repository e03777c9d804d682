import type { Branding, ChatEvent, Message, Problem, Route, Turn } from '@securechat/types/wire'
import type { FrameLocator } from 'playwright-core'

/** A moment of a chat, as the server tells it, and how a shopper comes there. */
export interface State {
  name: string
  messages?: Message[]
  /** Older messages can be fetched. */
  more?: boolean
  turn?: Turn
  /** What the site says of itself otherwise than the demo. */
  branding?: Partial<Branding>
  /** Told by the stream as soon as it is followed. */
  events?: ChatEvent[]
  /** How calls are answered: by a refusal, or never. All others are answered well. */
  calls?: Partial<
    Record<Route | 'GET /session/events', (Partial<Problem> & { retry_after?: number }) | 'never'>
  >
  /** What the shopper does, once the panel is open. */
  reach?(chat: FrameLocator): Promise<void>
  /** What is seen when the state is there: a selector in the frame. */
  seen: string
}

const long = `Here is how the two lamps compare:

| | Aurora lamp | Halo lamp | Polaris floor lamp |
|---|---|---|---|
| Price | **€89** | €129 | €249 |
| Dimmable | yes, three steps | yes, stepless | no |
| Light | 2,700 K, 800 lm | 3,000 K, 1,100 lm | 2,700 K, 2,000 lm |

## Which one for you?

1. For a **bedside table**, take the *Aurora lamp*: see [its page](https://shop.example/products/aurora-lamp).
2. For a desk, take the Halo lamp:
   - it turns by 180°
   - its cable is 2.4 m long

> Both come with a bulb, and with three years of guarantee.

The code for your first order, at the checkout:

\`\`\`
WELCOME-10 --apply --to=https://shop.example/cart?with=a-very-long-address
\`\`\`

Use \`WELCOME-10\` until **30 November**.`

/** A conversation that was an hour ago. */
function told(
  ...said: [author: Message['author'], text: string, more?: Partial<Message>][]
): Message[] {
  const begun = Date.now() - 3_600_000
  return said.map(([author, text, more], at) => ({
    id: `message-${at}`,
    author,
    text,
    created_at: new Date(begun + at * 5_000).toISOString(),
    turn_id: `turn-${at >> 1}`,
    ...(author === 'agent' && { status: 'done' as const }),
    ...more,
  }))
}

const question = 'Is the Aurora lamp dimmable?'
const asked = told(['visitor', question])
export const answered = told(
  ['visitor', question],
  ['agent', 'Yes, the **Aurora lamp** dims in three steps. Tap its base to change the light.'],
)

const open: Turn = {
  id: 'turn-0',
  state: 'running',
  question_id: 'message-0',
  message_id: 'answer',
  text: '',
  seq: 1,
}

const cards: Message['cards'] = [
  {
    title: 'Aurora lamp',
    subtitle: 'Warm light, three steps',
    price: '€89',
    old_price: '€119',
    url: 'https://shop.example/products/aurora-lamp',
    buttons: [{ label: 'View product', url: 'https://shop.example/products/aurora-lamp' }],
  },
  {
    title: 'Polaris floor lamp with a reading arm and a remarkably long name that needs room',
    subtitle: 'Only 3 left',
    price: '€249',
    url: 'https://shop.example/products/polaris',
    buttons: [
      { label: 'View product', url: 'https://shop.example/products/polaris' },
      { label: 'Does it turn?', say: 'Does the Polaris lamp turn?' },
    ],
  },
  {
    title: 'Halo lamp',
    price: '€129',
    buttons: [{ label: 'Tell me more', say: 'More about Halo' }],
  },
]

const write = async (chat: FrameLocator, text: string) => {
  await chat.getByRole('textbox').fill(text)
  await chat.locator('.go').click()
}
const menu = (chat: FrameLocator) => chat.locator('.menu > button').click()

export const streaming: State = {
  name: 'streaming',
  messages: asked,
  turn: { ...open, text: 'Yes, the **Aurora lamp** dims in three steps. Tap its base to' },
  seen: '[data-state=streaming] .markdown p',
}

export const states: State[] = [
  { name: 'empty', seen: '.home' },
  { name: 'connecting', calls: { 'POST /sessions': 'never' }, seen: '.skeleton' },
  {
    name: 'pending',
    messages: answered,
    calls: { 'POST /session/messages': 'never' },
    reach: (chat) => write(chat, 'And how long is its cable?'),
    seen: '[data-state=pending]',
  },
  {
    name: 'sent',
    messages: asked,
    turn: { ...open, state: 'waiting', seq: 0 },
    seen: '.waiting',
  },
  {
    name: 'failed to send',
    messages: answered,
    calls: {
      'POST /session/messages': {
        status: 422,
        code: 'refused',
        title: 'This message cannot be sent.',
      },
    },
    reach: (chat) => write(chat, 'And how long is its cable?'),
    seen: '[data-state=failed]',
  },
  streaming,
  {
    name: 'writing while it answers',
    messages: asked,
    turn: { ...open, text: 'Yes, the **Aurora lamp** dims' },
    reach: (chat) =>
      chat.getByRole('textbox').fill('One more thing\nthat takes\nmore\nthan\nfive\nlines\nto say'),
    seen: '.go:not(.stop)',
  },
  {
    name: 'tool at work',
    messages: asked,
    turn: open,
    events: [
      {
        kind: 'activity-noted',
        turn_id: 'turn-0',
        seq: 2,
        label: 'Checking stock in our Berlin warehouse…',
      },
    ],
    seen: '.activity',
  },
  {
    name: 'tool at work in mid-answer',
    messages: asked,
    turn: { ...open, text: 'Let me look that up for you.' },
    events: [{ kind: 'activity-noted', turn_id: 'turn-0', seq: 2, label: 'Checking stock…' }],
    seen: '.activity',
  },
  {
    name: 'queued',
    messages: asked,
    turn: { ...open, state: 'waiting', seq: 0 },
    events: [{ kind: 'turn-queued', turn_id: 'turn-0', seq: 1, position: 3 }],
    seen: '.activity',
  },
  {
    name: 'product cards',
    messages: told(
      ['visitor', 'Which lamps do you have?'],
      ['agent', 'We have three lamps. These are in stock today:', { cards }],
    ),
    seen: '.card',
  },
  {
    name: 'stopped',
    messages: told(
      ['visitor', question],
      ['agent', 'Yes, the **Aurora lamp** dims in', { status: 'stopped' }],
    ),
    seen: '.foot',
  },
  {
    name: 'answer failed',
    messages: told(
      ['visitor', question],
      [
        'agent',
        'Yes, the **Aurora lamp**',
        {
          status: 'failed',
          error: {
            code: 'agent_failed',
            title: 'The assistant could not finish its answer.',
            id: 'err_7f3a91c04d',
          },
        },
      ],
    ),
    seen: '.broken',
  },
  {
    name: 'answer interrupted',
    messages: told(
      ['visitor', question],
      ['agent', 'Yes, the **Aurora lamp** dims in three', { status: 'interrupted' }],
    ),
    seen: '.broken',
  },
  {
    name: 'offline',
    messages: answered,
    reach: async (chat) => {
      await chat.locator('html').evaluate(() => {
        Object.defineProperty(navigator, 'onLine', { value: false })
        window.dispatchEvent(new Event('offline'))
      })
      await write(chat, 'And how long is its cable?')
    },
    seen: '.banner',
  },
  {
    name: 'reconnecting',
    messages: answered,
    calls: { 'GET /session/events': { status: 503, code: 'unavailable', title: 'Away' } },
    seen: '.banner',
  },
  {
    name: 'rated',
    messages: answered,
    reach: (chat) => chat.locator('.thumb').first().click(),
    seen: '.thumb[aria-pressed=true]',
  },
  {
    name: 'long answer',
    messages: told(['visitor', 'Compare the lamps'], ['agent', long]),
    seen: '.table',
  },
  {
    name: 'read back',
    messages: told(
      ['visitor', 'Compare the lamps'],
      ['agent', long],
      ['visitor', question],
      ['agent', long],
    ),
    more: true,
    reach: async (chat) => {
      await chat.locator('.thread').evaluate((thread) => {
        thread.scrollTop = 0
      })
    },
    seen: '.newest:not([hidden])',
  },
  {
    name: 'person answers',
    messages: told(
      ['visitor', 'Can I talk to a person?'],
      ['agent', 'Of course. I have asked our team to join.'],
      ['visitor', 'Thanks!'],
      ['operator', 'Hi, this is Mara from the shop. How can I help?'],
    ),
    seen: '.operator',
  },
  {
    name: 'problem',
    messages: answered,
    calls: {
      'POST /session/messages/{id}/feedback': {
        status: 500,
        code: 'internal',
        title: 'Something went wrong on our side.',
        id: 'err_7f3a91c04d',
      },
    },
    reach: (chat) => chat.locator('.thumb').first().click(),
    seen: 'footer .banner',
  },
  {
    name: 'too fast',
    messages: answered,
    calls: {
      'POST /session/messages': {
        status: 429,
        code: 'rate_limited',
        title: 'Too many',
        retry_after: 50,
      },
    },
    reach: (chat) => write(chat, 'And how long is its cable?'),
    seen: 'footer .banner',
  },
  {
    name: 'too long',
    messages: answered,
    reach: (chat) => chat.getByRole('textbox').fill('A question without an end. '.repeat(200)),
    seen: '.over',
  },
  { name: 'menu', messages: answered, reach: menu, seen: '.sheet' },
  {
    name: 'end of chat asked',
    messages: answered,
    reach: async (chat) => {
      await menu(chat)
      await chat.getByRole('menuitem').last().click()
    },
    seen: '.question',
  },
  {
    name: 'ended',
    messages: answered,
    reach: async (chat) => {
      await menu(chat)
      await chat.getByRole('menuitem').last().click()
      await chat.locator('.question .strong').click()
    },
    seen: '.closed',
  },
  {
    name: 'refused',
    calls: {
      'POST /sessions': { status: 403, code: 'origin_forbidden', title: 'Not on this page' },
    },
    seen: '.closed',
  },
]
