import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TurnEnd } from '@securechat/types/wire'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { openSecurechat, type Securechat } from '../securechat.ts'
import { type Model, openModel } from './model.ts'
import { type N8n, openN8n } from './n8n.ts'
import { enter, type Told, type Visitor } from './visitor.ts'

const shop = 'https://shop.example'
const numbers = (n: number) => Array.from({ length: n }, (_, i) => i + 1).join(' ')

let model: Model
let n8n: N8n
let proxy: Securechat
let openAiApi: string
let jwtWorkflow: string
let jwtSite: string
let chatSite: string

/** Registers a site as an operator does; what is secret comes by standard input or from a file. */
async function addSite(webhook: string, input: string, ...more: string[]): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'securechat-site-'))
  const address = join(folder, 'webhook.txt')
  await writeFile(address, `${n8n.base}/webhook/${webhook}\n`)
  const words = ['--origin', shop, '--agent', 'n8n', '--webhook-url-file', address, ...more]
  const printed = await proxy.command(['site', 'add', '--name', 'Test shop', ...words], input)
  await rm(folder, { recursive: true })
  return printed.trim().split('\n').at(-1) ?? ''
}

/** Gives n8n the public half of the key that was made for a site. */
async function trust(siteKey: string): Promise<string> {
  const publicKey = await proxy.command(['site', 'show', siteKey, '--public-key'])
  return n8n.addCredential('jwtAuth', { keyType: 'pemKey', publicKey, algorithm: 'ES256' })
}

/** Asks until it ends so: n8n takes up what is published or taken back when it gets to it. */
async function askUntil(status: TurnEnd, visitor: Visitor, question: string): Promise<Told> {
  let told: Told | undefined
  const ask = async () => {
    told = await visitor.ask(question)
    return told.status
  }
  await expect.poll(ask, { timeout: 60_000, interval: 1000 }).toBe(status)
  return told as Told
}

/** Nothing that n8n, the model or the network said may reach a visitor. */
function expectDiscreet(told: unknown) {
  expect(JSON.stringify(told)).not.toMatch(/n8n|webhook|127\.0\.0\.1|jwt|signature|socket|ECONN/i)
}

beforeAll(async () => {
  ;[model, n8n, proxy] = await Promise.all([openModel(), openN8n(), openSecurechat()])
  openAiApi = await n8n.addCredential('openAiApi', {
    apiKey: 'none',
    url: model.url,
    header: false,
  })

  jwtSite = await addSite('shop-answers', '', '--auth', 'jwt')
  jwtWorkflow = await n8n.publish('webhook-jwt-streaming.json', {
    path: 'shop-answers',
    siteKey: jwtSite,
    credentials: { openAiApi, jwtAuth: await trust(jwtSite) },
  })

  const [user, password] = ['proxy', 'open sesame, please']
  const basic = ['--auth', 'basic', '--secret-file', '-', '--jwt-alg', 'ES256']
  chatSite = await addSite('shop-chat/chat', `${user}:${password}`, ...basic)
  await n8n.publish('chat-trigger.json', {
    path: 'shop-chat',
    siteKey: chatSite,
    credentials: {
      openAiApi,
      jwtAuth: await trust(chatSite),
      httpBasicAuth: await n8n.addCredential('httpBasicAuth', { user, password }),
    },
  })
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

  test('a token signed with the wrong secret is told as an answer that cannot be had', async () => {
    const [right, wrong] = ['r'.repeat(40), 'w'.repeat(40)]
    const hs256 = ['--auth', 'jwt', '--jwt-alg', 'HS256', '--secret-file', '-']
    const site = await addSite('shop-secret', right, ...hs256)
    await n8n.publish('webhook-jwt-streaming.json', {
      path: 'shop-secret',
      siteKey: site,
      credentials: {
        openAiApi,
        jwtAuth: await n8n.addCredential('jwtAuth', {
          keyType: 'passphrase',
          secret: right,
          algorithm: 'HS256',
        }),
      },
    })
    const friend = await enter(proxy.address, site, shop)
    expect(await askUntil('done', friend, 'Please count to 3')).toMatchObject({ text: numbers(3) })

    const stranger = await addSite('shop-secret', wrong, ...hs256)
    const visitor = await enter(proxy.address, stranger, shop)
    const told = await visitor.ask('Please count to 3')
    expect(told).toMatchObject({ status: 'failed', text: '', error: { code: 'agent_unavailable' } })
    expectDiscreet(told)
  })

  test('an inactive workflow is told, and answers again once it is active', async () => {
    const visitor = await enter(proxy.address, jwtSite, shop)
    await n8n.deactivate(jwtWorkflow)
    const told = await askUntil('failed', visitor, 'Please count to 3')
    expect(told.error?.code).toBe('agent_unavailable')
    expectDiscreet(told)
    await n8n.activate(jwtWorkflow)
    expect(await askUntil('done', visitor, 'Please count to 5')).toMatchObject({ text: numbers(5) })
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
    expect(await askUntil('done', visitor, 'Please count to 4')).toMatchObject({ text: numbers(4) })
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
