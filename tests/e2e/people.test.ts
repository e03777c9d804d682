import { readFile } from 'node:fs/promises'
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

test('on a phone the focus stays in the chat, and comes back when it closes', async () => {
  const { page, widget } = await demo.shopper({
    viewport: { width: 360, height: 740 },
    isMobile: true,
    hasTouch: true,
  })
  await widget.launcher.tap()
  await widget.composer.waitFor()
  const where = () => page.evaluate(() => document.activeElement?.tagName)
  for (let presses = 0; presses < 12; presses++) {
    await page.keyboard.press('Tab')
    expect(['SECURE-CHAT', 'BODY']).toContain(await where())
  }
  await widget.composer.focus()
  await page.keyboard.press('Escape')
  await expect
    .poll(() => widget.launcher.evaluate((launcher) => launcher.matches(':focus')))
    .toBe(true)
})

test('an answer is announced by whole sentences', async () => {
  const { widget } = await demo.shopper()
  await widget.open()
  await widget.ask('How do returns work?')
  const said = widget.frame.locator('[aria-live=polite] p')
  await expect.poll(() => said.count(), { timeout: 20_000 }).toBeGreaterThan(0)
  await widget.frame.getByRole('button', { name: 'Good answer' }).waitFor({ timeout: 20_000 })
  await expect.poll(async () => (await said.last().textContent())?.trim()).toMatch(/[.!?]$/)
  for (const sentence of await said.allTextContents()) expect(sentence.trim()).toMatch(/[.!?:]$/)
})

test('the panel gives more room when asked, on the next page too, and the launcher leaves a bar of the shop alone', async () => {
  const { page, widget } = await demo.shopper()
  await page.evaluate(() => {
    const bar = document.createElement('div')
    bar.id = 'bar'
    bar.style.cssText = 'position:fixed;inset:auto 0 0;height:72px;background:CanvasText'
    document.body.append(bar)
  })
  const bottom = async () => {
    const box = await widget.launcher.boundingBox()
    return box && Math.round(box.y + box.height)
  }
  await expect.poll(bottom, { timeout: 5_000 }).toBe(800 - 72 - 20)
  await page.evaluate(() => document.getElementById('bar')?.remove())
  await expect.poll(bottom, { timeout: 5_000 }).toBe(800 - 20)

  await widget.open()
  await widget.ask('long 3')
  await widget.frame.getByRole('button', { name: 'Wide view' }).click()
  const width = async () => (await page.locator('secure-chat iframe').boundingBox())?.width
  await expect.poll(width).toBe(640)
  await page.getByRole('link', { name: /Aurora lamp/ }).click()
  await page.getByRole('heading', { level: 1, name: 'Aurora lamp' }).waitFor()
  await expect.poll(width).toBe(640)
  await widget.frame.getByRole('button', { name: 'Wide view' }).click()
  await expect.poll(width).toBe(400)
})

test('the page hears what happens in the chat', async () => {
  const { page, widget } = await demo.shopper()
  await page.evaluate(() => {
    const heard: string[] = []
    const { securechat } = window as unknown as { securechat: (...call: unknown[]) => void }
    for (const name of [
      'message:sent',
      'message:received',
      'stream:end',
      'rating',
      'product:click',
      'error',
    ])
      securechat('on', name, (detail: object) => heard.push(`${name} ${Object.keys(detail)}`))
    Object.assign(window, { heard })
  })
  const heard = () => page.evaluate(() => (window as unknown as { heard: string[] }).heard)
  await widget.open()
  await widget.ask('Tell me about the Aurora lamp')
  await widget.frame.getByRole('button', { name: 'Good answer' }).click({ timeout: 20_000 })
  await widget.frame.locator('.card a').first().click()
  await expect
    .poll(heard, { timeout: 10_000 })
    .toEqual([
      'message:sent id',
      'stream:end id,status',
      'message:received id',
      'rating id,rating',
      'product:click id',
    ])
  await page.evaluate(() => {
    const { securechat } = window as unknown as { securechat: (...call: unknown[]) => void }
    securechat('identify', 'a.b.c')
    securechat('context', { page: 'https://shop.example/x', basket: 3 })
  })
  await expect
    .poll(async () => (await heard()).slice(5), { timeout: 10_000 })
    .toEqual(['error code', 'error code'])
})

test('the page hears every event that the guide lists, and no other', async () => {
  const { page, widget } = await demo.shopper()
  await page.addInitScript(() => {
    const told = new Set<string>()
    Object.assign(window, { told: () => [...told] })
    const dispatch = window.dispatchEvent.bind(window)
    window.dispatchEvent = (event) => {
      if (event.type.startsWith('securechat:')) told.add(event.type)
      return dispatch(event)
    }
  })
  const told = () => page.evaluate(() => (window as unknown as { told(): string[] }).told())
  const call = (...given: unknown[]) =>
    page.evaluate((given) => {
      ;(window as unknown as { securechat: (...call: unknown[]) => void }).securechat(...given)
    }, given)
  await page.reload()
  await widget.open()
  await call('consent', { functional: true })
  await widget.ask('Tell me about the Aurora lamp')
  await call('close')
  await expect.poll(told, { timeout: 20_000 }).toContain('securechat:unread')
  await call('open')
  await widget.frame.getByRole('button', { name: 'Good answer' }).click()
  await widget.frame.locator('.card a').first().click()
  await page.bringToFront()
  await call('context', { basket: 3 })
  await call('identify', 'a.b.c')
  // What has not yet been told is not told after the chat's end.
  await expect
    .poll(told, { timeout: 20_000 })
    .toEqual(
      expect.arrayContaining(['securechat:rating', 'securechat:product-click', 'securechat:error']),
    )
  await call('destroy')
  const guide = (await eventsOfTheGuide()).map((name) => `securechat:${name.replace(':', '-')}`)
  await expect.poll(async () => (await told()).sort(), { timeout: 20_000 }).toEqual(guide.sort())
})

async function eventsOfTheGuide(): Promise<string[]> {
  const text = await readFile(new URL('../../docs/integration-guide.md', import.meta.url), 'utf8')
  const section = text.slice(text.indexOf('### Events')).split('\n## ')[0] ?? ''
  const named = [...section.matchAll(/^\|([^|]*)\|/gm)].map(([, cell = '']) => cell)
  return named.flatMap((cell) => [...cell.matchAll(/`([^`]+)`/g)].map(([, name = '']) => name))
}

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
