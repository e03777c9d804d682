import { spawnSync } from 'node:child_process'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import {
  type BrowserContext,
  type BrowserContextOptions,
  chromium,
  type FrameLocator,
  type Locator,
  type Page,
} from 'playwright-core'

/** The widget as somebody meets it on a page: by what is seen and read aloud. */
export interface Widget {
  launcher: Locator
  frame: FrameLocator
  composer: Locator
  send: Locator
  questions: Locator
  answers: Locator
  /** Opens the panel and waits until one can write. */
  open(): Promise<void>
  ask(text: string): Promise<void>
  /** The newest answer's text as it is at this moment, with single spaces. */
  answer(): Promise<string>
}

/** One person with a browser. */
export interface Shopper {
  context: BrowserContext
  page: Page
  widget: Widget
  /** Policy violations, Trusted Types refusals and uncaught errors, of the shop and of the chat. */
  complaints: string[]
  close(): Promise<void>
}

interface Habits extends BrowserContextOptions {
  /** The browser keeps no cookie and grants no storage, to anybody. */
  keepsNothing?: true
}

const executablePath = fileURLToPath(new URL('chromium.sh', import.meta.url))

const names = ['chromium', 'chromium-browser', 'google-chrome-stable', 'google-chrome']
const find = names.map((name) => `command -v ${name}`).join(' || ')
process.env['CHROMIUM'] ||= spawnSync('sh', ['-c', find]).stdout.toString().trim()
if (!process.env['CHROMIUM'])
  throw new Error(`no Chromium here: install one as ${names.join(' or ')}, or name it in CHROMIUM`)

/** Opens a fresh browser: nothing in it comes from another test. */
export async function openShopper({ keepsNothing, ...habits }: Habits = {}): Promise<Shopper> {
  const profile = await mkdtemp(join(tmpdir(), 'securechat-browser-'))
  if (keepsNothing) await blockCookies(profile)
  const context = await chromium.launchPersistentContext(profile, {
    executablePath,
    // Its own sandbox needs rights that a build machine's root does not have.
    args: ['--no-sandbox'],
    viewport: { width: 1280, height: 800 },
    locale: 'en-GB',
    ...habits,
  })
  const complaints: string[] = []
  await context.exposeBinding('complain', (_, text: string) => complaints.push(text))
  await context.addInitScript(() => {
    const { complain } = window as unknown as { complain: (text: string) => void }
    document.addEventListener('securitypolicyviolation', (event) => {
      complain(
        `${location.href} breaks ${event.violatedDirective} with ${event.blockedURI || event.sample}`,
      )
    })
  })
  context.on('weberror', (error) => complaints.push(error.error().message))
  const page = context.pages()[0] ?? (await context.newPage())
  return {
    context,
    page,
    widget: widgetOn(page),
    complaints,
    close: async () => {
      await context.close()
      await rm(profile, { recursive: true, force: true, maxRetries: 5 })
    },
  }
}

function widgetOn(page: Page): Widget {
  const host = page.locator('secure-chat')
  const launcher = host.locator('.launcher')
  const frame = page.frameLocator('secure-chat iframe')
  const composer = frame.getByRole('textbox')
  const send = frame.getByRole('button', { name: 'Send', exact: true })
  const answers = frame.getByRole('article', { name: 'Assistant' })
  return {
    launcher,
    frame,
    composer,
    send,
    answers,
    questions: frame.getByRole('article', { name: 'You' }),
    open: async () => {
      await launcher.click()
      await composer.waitFor()
    },
    ask: async (text) => {
      await composer.fill(text)
      await send.click()
    },
    answer: async () => {
      if ((await answers.count()) === 0) return ''
      const text = await answers.last().locator('.markdown').textContent()
      return (text ?? '').replace(/\s+/g, ' ').trim()
    },
  }
}

/** Chromium's own setting for "block all cookies", which denies storage as well. */
async function blockCookies(profile: string): Promise<void> {
  const folder = join(profile, 'Default')
  await mkdir(folder)
  const block = 2
  await writeFile(
    join(folder, 'Preferences'),
    JSON.stringify({ profile: { default_content_setting_values: { cookies: block } } }),
  )
}
