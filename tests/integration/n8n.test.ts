import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { openSecurechat, type Securechat } from '../securechat.ts'
import { type Model, openModel } from './model.ts'
import { type N8n, openN8n } from './n8n.ts'
import { enter } from './visitor.ts'

const shop = 'https://shop.example'
const numbers = (n: number) => Array.from({ length: n }, (_, i) => i + 1).join(' ')

let model: Model
let n8n: N8n
let proxy: Securechat
let jwtWorkflow: { id: string; webhook: string }
let jwtSite: string
let chatSite: string

/** Registers a site as an operator does; the address comes by standard input. */
async function addSite(webhook: string, ...more: string[]): Promise<string> {
  const words = ['--origin', shop, '--agent', 'n8n', '--webhook-url-file', '-', ...more]
  const printed = await proxy.command(
    ['site', 'add', '--name', 'Test shop', ...words],
    `${webhook}\n`,
  )
  return printed.trim().split('\n').at(-1) ?? ''
}

/** Nothing that n8n, the model or the network said may reach a visitor. */
function expectDiscreet(told: unknown) {
  expect(JSON.stringify(told)).not.toMatch(/n8n|webhook|127\.0\.0\.1|jwt|signature|socket|ECONN/i)
}

beforeAll(async () => {
  ;[model, n8n, proxy] = await Promise.all([openModel(), openN8n(), openSecurechat()])
  const openAiApi = await n8n.addCredential('openAiApi', {
    apiKey: 'none',
    url: model.url,
    header: false,
  })

  // The site comes first: n8n is given the public half of the key that was made for it.
  jwtSite = await addSite('http://127.0.0.1:65000/later', '--auth', 'jwt')
  const publicKey = await proxy.command(['site', 'show', jwtSite, '--public-key'])
  const jwtAuth = await n8n.addCredential('jwtAuth', {
    keyType: 'pemKey',
    publicKey,
    algorithm: 'ES256',
  })
  jwtWorkflow = await n8n.publish('webhook-jwt-streaming.json', 'shop-answers', {
    openAiApi,
    jwtAuth,
  })
  await proxy.command(['site', 'set', jwtSite, '--webhook-url-file', '-'], jwtWorkflow.webhook)

  const chat = await n8n.publish('chat-trigger.json', 'shop-chat', {
    openAiApi,
    httpBasicAuth: await n8n.addCredential('httpBasicAuth', {
      user: 'proxy',
      password: 'open sesame',
    }),
  })
  chatSite = await addSite(chat.webhook, '--auth', 'none')
})

afterAll(async () => {
  await proxy?.close()
  await n8n?.close()
  model?.close()
})

describe('a workflow behind a webhook with JWT', () => {
  test('its answer is streamed, and stored as it was streamed', async () => {
    const visitor = await enter(proxy.address, jwtSite, shop)
    const told = await visitor.ask('Please count to 12')
    expect(told).toMatchObject({ status: 'done', text: numbers(12) })
    expect(told.parts).toBeGreaterThan(3)
    const { messages } = await visitor.conversation()
    expect(messages.map((m) => m.text)).toEqual(['Please count to 12', numbers(12)])
  })

  test('a token signed with another key is told as an answer that cannot be had', async () => {
    const stranger = await addSite(jwtWorkflow.webhook, '--auth', 'jwt')
    const visitor = await enter(proxy.address, stranger, shop)
    const told = await visitor.ask('Please count to 3')
    expect(told).toMatchObject({ status: 'failed', text: '', error: { code: 'agent_unavailable' } })
    expectDiscreet(told)
  })

  test('an inactive workflow is told, and answers again once it is active', async () => {
    const visitor = await enter(proxy.address, jwtSite, shop)
    await n8n.deactivate(jwtWorkflow.id)
    const told = await visitor.ask('Please count to 3')
    expect(told).toMatchObject({ status: 'failed', error: { code: 'agent_unavailable' } })
    expectDiscreet(told)
    await n8n.activate(jwtWorkflow.id)
    await expect
      .poll(async () => (await visitor.ask('Please count to 3')).status, {
        timeout: 30_000,
        interval: 1000,
      })
      .toBe('done')
  })

  test('a model that breaks off leaves what it said, marked as failed', async () => {
    const visitor = await enter(proxy.address, jwtSite, shop)
    const told = await visitor.ask('Please count to 20 and break at 6')
    expect(told.status).toBe('failed')
    expect(told.text).toBe(numbers(6))
    expectDiscreet(told)
    const { messages, turn } = await visitor.conversation()
    expect(messages.at(-1)).toMatchObject({ text: told.text, status: 'failed' })
    expect(turn).toBeNull()
  })

  test('an n8n that dies in mid-answer leaves what it said, and answers when it is back', async () => {
    const visitor = await enter(proxy.address, jwtSite, shop)
    let killed: Promise<void> | undefined
    const told = await visitor.ask('Please count to 200 slowly', (text) => {
      if (text.includes('5')) killed ??= n8n.kill()
    })
    await killed
    expect(told.status).toBe('interrupted')
    expect(numbers(200).startsWith(told.text) && told.text.includes('5')).toBe(true)
    expectDiscreet(told)

    const away = await visitor.ask('Please count to 3')
    expect(away).toMatchObject({ status: 'failed', error: { code: 'agent_unavailable' } })
    expectDiscreet(away)

    await n8n.restart()
    await expect
      .poll(async () => (await visitor.ask('Please count to 4')).text, {
        timeout: 30_000,
        interval: 1000,
      })
      .toBe(numbers(4))
    const { messages } = await visitor.conversation()
    expect(messages[1]).toMatchObject({ text: told.text, status: 'interrupted' })
  })
})

describe('a workflow behind the chat trigger', () => {
  test('its answer is streamed, and stored as it was streamed', async () => {
    const visitor = await enter(proxy.address, chatSite, shop)
    expect(await visitor.ask('Please count to 9')).toMatchObject({
      status: 'done',
      text: numbers(9),
    })
    const { messages } = await visitor.conversation()
    expect(messages.map((m) => m.text)).toEqual(['Please count to 9', numbers(9)])
  })
})

test('nothing that visitors wrote is in the log', () => {
  expect(proxy.log()).not.toMatch(/count to/)
})
