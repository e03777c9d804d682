import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { FrameLocator, Page } from 'playwright-core'
import type { State } from './states.ts'

/** Puts a server that tells this state, and nothing else, between the page's chat and the true one. */
async function play(
  page: Page,
  { messages = [], more = false, turn, branding = {}, events = [], calls = {} }: State,
) {
  await page.addInitScript(
    ({ conversation, own, events, calls }) => {
      if (!location.pathname.startsWith('/widget/')) return
      // What was left unsent in another state.
      localStorage.clear()
      const real = window.fetch
      const json = (body: unknown, status = 200, headers = {}) =>
        new Response(JSON.stringify(body), {
          status,
          headers: { 'Content-Type': 'application/json', ...headers },
        })
      const frames = events.map(
        ({ kind, ...data }, at) =>
          `id: e.${at + 1}\nevent: ${kind}\ndata: ${JSON.stringify(data)}\n\n`,
      )
      let told = false
      /** A stream that stays open. */
      const follow = () => {
        const text = told ? ':\n\n' : `:\n\n${frames.join('')}`
        told = true
        const body = new ReadableStream({
          start: (controller) => controller.enqueue(new TextEncoder().encode(text)),
        })
        return new Response(body, { headers: { 'Content-Type': 'text/event-stream' } })
      }
      const reply = (input: RequestInfo | URL, init?: RequestInit) => {
        const { pathname } = new URL(String(input), location.href)
        if (!pathname.startsWith('/api/v1/')) return real(input, init)
        const path = pathname.replace('/api/v1', '')
        const route = `${init?.method ?? 'GET'} ${path.replace(/(messages|turns)\/[^/]+/, '$1/{id}')}`
        const answer = calls[route as keyof typeof calls]
        if (answer === 'never') return new Promise<Response>(() => undefined)
        if (answer) {
          const { retry_after, ...problem } = answer
          const wait = retry_after ? { 'Retry-After': String(retry_after) } : {}
          return json(problem, problem.status, {
            'Content-Type': 'application/problem+json',
            ...wait,
          })
        }
        if (path === '/session/messages') return new Promise<Response>(() => undefined)
        if (path === '/session/events') return follow()
        if (path === '/session/conversation') return json(conversation)
        if (path !== '/sessions') return new Response(null, { status: 204 })
        const config = document.getElementById('securechat-config')?.textContent ?? ''
        const { site_key: key, branding, features } = JSON.parse(config)
        return json({
          session: { id: 'session', expires_at: '2100-01-01T00:00:00Z' },
          visitor: { id: 'visitor', returning: false, verified: false },
          site: { key, name: '', branding: { ...branding, ...own }, features, variant: null },
          conversation,
          cursor: conversation.cursor,
        })
      }
      window.fetch = async (input, init) => await reply(input, init)
    },
    {
      conversation: { messages, turn: turn ?? null, cursor: 'e.0', more },
      own: branding,
      events,
      calls,
    },
  )
}

/** Plays this state to somebody who opens the chat on a product's page, in this language. */
export async function meet(
  page: Page,
  shop: string,
  state: State,
  lang: string,
): Promise<FrameLocator> {
  await play(page, state)
  await page.addInitScript((spoken) => {
    Object.assign(window, { securechatSettings: { lang: spoken } })
  }, lang)
  await page.goto(`${shop}/demo/products/aurora-lamp`)
  await page.locator('secure-chat .launcher').click()
  const chat = page.frameLocator('secure-chat iframe')
  await chat.locator('.app').waitFor()
  return chat
}

/** A folder for pictures; none are made where it is not set. */
const pictures = process.env['PICTURES']

/** Leaves a picture of the page as it is. */
export async function picture(page: Page, ...name: (string | number)[]): Promise<void> {
  if (!pictures) return
  await mkdir(pictures, { recursive: true })
  await page.screenshot({ path: join(pictures, `${name.join('-').replaceAll(' ', '-')}.png`) })
}
