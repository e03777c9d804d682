import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { openShopper, type Shopper } from './browser.ts'
import { useDemo } from './demo.ts'
import { meet, picture } from './stand-in.ts'
import { answered, streaming } from './states.ts'

const demo = useDemo()

const looks = [
  { width: 320, height: 568, colorScheme: 'light', lang: 'de' },
  { width: 360, height: 740, colorScheme: 'light', lang: 'ru' },
  { width: 360, height: 740, colorScheme: 'dark', lang: 'ar' },
  { width: 1440, height: 900, colorScheme: 'dark', lang: 'en' },
  { width: 1440, height: 900, colorScheme: 'light', lang: 'ar' },
] as const

/** As long as a site may say it. */
const taglines = [
  [
    'of words',
    'KI-Verkaufsassistent mit Produktdatenblattkenntnissen, antwortet sofort, auch nachts und an Feiertagen',
  ],
  ['of one word', 'Geschwindigkeit'.repeat(6)],
  [
    'from right to left',
    'مساعد يعمل بالذكاء الاصطناعي ويجيب فورًا عن أسئلتكم حول المنتجات والتوصيل والإرجاع في أي وقت تشاؤون',
  ],
] as const

describe.each(looks)('$width px, $colorScheme, $lang', (look) => {
  const { width, height, colorScheme, lang } = look
  let shopper: Shopper
  beforeAll(async () => {
    shopper = await openShopper({
      viewport: { width, height },
      colorScheme,
      reducedMotion: 'reduce',
    })
  })
  afterAll(() => shopper?.close())

  test.each(taglines)('the tagline stays on one line: one %s', async (kind, tagline) => {
    const page = await shopper.context.newPage()
    const state = { name: 'tagline', messages: answered, branding: { tagline }, seen: '.clip' }
    const chat = await meet(page, demo.shop, state, lang)
    const line = chat.locator('header p')
    await line.getByText(tagline.slice(0, 8)).waitFor()
    const { rows, cut, beyond } = await line.evaluate((p) => {
      const clip = p.querySelector('.clip') as HTMLElement
      const { lineHeight } = getComputedStyle(p)
      return {
        rows: Math.round(p.clientHeight / Number.parseFloat(lineHeight)),
        cut: clip.scrollWidth > clip.clientWidth && getComputedStyle(clip).textOverflow,
        beyond: document.documentElement.scrollWidth - document.documentElement.clientWidth,
      }
    })
    await picture(page, 'tagline', kind, width, colorScheme, lang)
    await page.close()
    expect({ rows, cut, beyond }).toEqual({ rows: 1, cut: 'ellipsis', beyond: 0 })
  })

  test('that an answer goes on is said without a word on the notice of the AI', async () => {
    const page = await shopper.context.newPage()
    const chat = await meet(page, demo.shop, streaming, lang)
    // It is gone in a moment: what is seen is looked at within the page.
    const { at, ...seen } = await chat.locator('html').evaluate(async () => {
      const find = (selector: string) => document.querySelector<HTMLElement>(selector)
      let status = find('[role=status]')
      let notice = find('.content > .notice')
      while (!status || !notice) {
        await new Promise(requestAnimationFrame)
        status = find('[role=status]')
        notice = find('.content > .notice')
      }
      const said = status.getBoundingClientRect()
      const told = notice.getBoundingClientRect()
      return {
        at: told.top,
        text: status.textContent,
        cut: status.scrollWidth > status.clientWidth,
        over: said.bottom > told.top && said.top < told.bottom,
      }
    })
    await picture(page, 'resumed', width, colorScheme, lang)
    await chat.locator('[role=status]').waitFor({ state: 'detached' })
    const later = await chat
      .locator('.content > .notice')
      .evaluate((notice) => notice.getBoundingClientRect().top)
    await page.close()
    expect(seen).toEqual({ text: expect.stringContaining('…'), cut: false, over: false })
    // What is over in a moment moves nothing.
    expect(later).toBe(at)
  })
})
