import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { bringAxe, chatOf, inspect } from './axe.ts'
import { openShopper, type Shopper } from './browser.ts'
import { useDemo } from './demo.ts'
import { meet, picture } from './stand-in.ts'
import { states } from './states.ts'

const demo = useDemo()

const looks = [
  { width: 360, height: 740, colorScheme: 'light', lang: 'en' },
  { width: 360, height: 740, colorScheme: 'dark', lang: 'ar' },
  { width: 1440, height: 900, colorScheme: 'dark', lang: 'en' },
  { width: 1440, height: 900, colorScheme: 'light', lang: 'ar' },
] as const

describe.each(looks)('$width px, $colorScheme, $lang', ({ width, height, colorScheme, lang }) => {
  let shopper: Shopper
  beforeAll(async () => {
    shopper = await openShopper({
      viewport: { width, height },
      colorScheme,
      // Halfway through its entry an element has colours of its own.
      reducedMotion: 'reduce',
    })
    await bringAxe(shopper.context)
  })
  afterAll(() => shopper?.close())

  test.each(states)('axe finds nothing in: $name', { timeout: 20_000 }, async (state) => {
    const page = await shopper.context.newPage()
    try {
      const chat = await meet(page, demo.shop, state, lang)
      if (state.reach) {
        if (state.messages) await chat.locator('.message').first().waitFor()
        await state.reach(chat)
      }
      await chat.locator(state.seen).first().waitFor()
      expect(await inspect(chatOf(page))).toEqual([])
      const sideways = await chat
        .locator('html')
        .evaluate((root) => root.scrollWidth - root.clientWidth)
      expect(sideways).toBe(0)
      await picture(page, state.name, width, colorScheme, lang)
    } finally {
      await page.close()
    }
  })

  test('nothing was complained of', () => expect(shopper.complaints).toEqual([]))
})
