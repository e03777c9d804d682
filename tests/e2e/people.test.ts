import { expect, test } from 'vitest'
import { bringAxe, chatOf, inspect } from './axe.ts'
import { useDemo, words } from './demo.ts'

const demo = useDemo()

test('on a phone the chat fills the screen and gives it back', async () => {
  const { page, widget } = await demo.shopper({
    viewport: { width: 390, height: 844 },
    isMobile: true,
    hasTouch: true,
    deviceScaleFactor: 3,
  })
  await widget.launcher.tap()
  await widget.composer.waitFor()
  await expect
    .poll(async () => await page.locator('secure-chat iframe').boundingBox())
    .toEqual({ x: 0, y: 0, width: 390, height: 844 })
  // Below 16 px a phone zooms into the field.
  const size = await widget.composer.evaluate((field) =>
    Number.parseFloat(getComputedStyle(field).fontSize),
  )
  expect(size).toBeGreaterThanOrEqual(16)
  await widget.ask('long 20')
  await expect.poll(widget.answer, { timeout: 10_000 }).toBe(words(20))
  const sideways = await widget.composer.evaluate(
    () => document.documentElement.scrollWidth - document.documentElement.clientWidth,
  )
  expect(sideways).toBe(0)
  await widget.frame.getByRole('button', { name: 'Close chat' }).tap()
  await page.getByRole('link', { name: /Willow chair/ }).tap()
  await page.getByRole('heading', { level: 1, name: 'Willow chair' }).waitFor()
})

test('the keyboard is enough', async () => {
  const { page, widget } = await demo.shopper()
  const onLauncher = () => widget.launcher.evaluate((launcher) => launcher.matches(':focus'))
  for (let presses = 0; presses < 60 && !(await onLauncher()); presses++) {
    await page.keyboard.press('Tab')
  }
  await page.keyboard.press('Enter')
  await widget.composer.waitFor()
  const inField = () => widget.composer.evaluate((field) => document.activeElement === field)
  await expect.poll(inField).toBe(true)
  await page.keyboard.type('long 15')
  await page.keyboard.press('Enter')
  await expect.poll(widget.answer, { timeout: 10_000 }).toBe(words(15))
  await page.keyboard.press('Escape')
  await expect.poll(onLauncher).toBe(true)
  await page.locator('secure-chat iframe').waitFor({ state: 'hidden' })
})

for (const colorScheme of ['light', 'dark'] as const) {
  test(`axe finds nothing in shop and chat when it is ${colorScheme}`, async () => {
    // Halfway through its entry an element has colours of its own.
    const { context, page, widget } = await demo.shopper({ colorScheme, reducedMotion: 'reduce' })
    await bringAxe(context)
    for (const path of ['/demo/', '/demo/products/nimbus-blanket', '/demo/cart']) {
      await page.goto(demo.shop + path)
      await widget.launcher.waitFor()
      expect(await inspect(page)).toEqual([])
    }
    await widget.open()
    expect(await inspect(chatOf(page))).toEqual([])
    await widget.ask('What do you sell?')
    await widget.frame.getByRole('button', { name: 'Good answer' }).waitFor({ timeout: 20_000 })
    expect(await inspect(chatOf(page))).toEqual([])
  })
}
