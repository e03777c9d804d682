import { expect, test } from 'vitest'
import { useDemo, words } from './demo.ts'

const demo = useDemo()

test('what is asked offline goes out when the line is back', async () => {
  const { context, widget } = await demo.shopper()
  await widget.open()
  await widget.ask('long 5')
  await expect.poll(widget.answer, { timeout: 10_000 }).toBe(words(5))

  await context.setOffline(true)
  await widget.frame.getByText('You’re offline', { exact: false }).waitFor()
  await widget.ask('long 7')
  await widget.questions.last().getByText('Sending', { exact: true }).waitFor({ state: 'attached' })
  await context.setOffline(false)
  await expect.poll(widget.answer, { timeout: 20_000 }).toBe(words(7))
  expect(await widget.questions.count()).toBe(2)
})

test('what was not sent is still there after a reload, and is sent once', async () => {
  const { context, page, widget } = await demo.shopper()
  await widget.open()
  await widget.ask('long 3')
  await expect.poll(widget.answer, { timeout: 10_000 }).toBe(words(3))

  const messages = '**/api/v1/session/messages'
  await context.route(messages, (route) => route.abort('internetdisconnected'))
  await widget.ask('long 8')
  await widget.questions.last().getByText('long 8').waitFor()
  await page.reload()
  await widget.questions.last().getByText('long 8').waitFor()
  await context.unroute(messages)
  await expect.poll(widget.answer, { timeout: 30_000 }).toBe(words(8))
  expect(await widget.questions.count()).toBe(2)
})

test('a server that dies and comes back is found again, and nothing is doubled', async () => {
  const { widget } = await demo.shopper()
  await widget.open()
  await widget.ask('long 4')
  await expect.poll(widget.answer, { timeout: 10_000 }).toBe(words(4))
  await demo.server.kill()
  await widget.ask('long 6')
  await demo.server.restart()
  await expect.poll(widget.answer, { timeout: 40_000 }).toBe(words(6))
  expect(await widget.questions.count()).toBe(2)
})

test('a browser that keeps nothing can chat as long as the page lives', async () => {
  const { page, widget } = await demo.shopper({ keepsNothing: true })
  const kept = await page.evaluate(() => {
    try {
      return localStorage.length >= 0
    } catch {
      return false
    }
  })
  expect(kept).toBe(false)
  await widget.open()
  await widget.ask('long 30')
  await expect.poll(widget.answer, { timeout: 15_000 }).toBe(words(30))
  await widget.ask('long 12')
  await expect.poll(widget.answer, { timeout: 15_000 }).toBe(words(12))
})

test('a chat that cannot be reached leaves the shop unharmed', async () => {
  const { context, page } = await demo.shopper()
  await context.route(`${demo.chat}/**`, (route) => route.abort('connectionrefused'))
  await page.goto(`${demo.shop}/demo/products/drift-backpack`)
  await page.getByRole('button', { name: 'Add to cart' }).click()
  await page.getByRole('button', { name: 'Does a 15 inch laptop fit the Drift backpack?' }).click()
  await page.getByRole('link', { name: 'Cart 1' }).click()
  await page.getByRole('heading', { name: 'Your cart' }).waitFor()
  await page.locator('[data-sum=total]', { hasText: '€119' }).waitFor()
  expect(await page.locator('secure-chat').count()).toBe(0)
})

test('before the shopper shows intent nothing is asked for and nothing is kept', async () => {
  const { context, page, widget } = await demo.shopper()
  const asked: string[] = []
  context.on('request', (request) => asked.push(request.url()))
  await page.goto(`${demo.shop}/demo/products/aurora-lamp`)
  await widget.launcher.waitFor()
  await page.mouse.wheel(0, 600)
  expect(asked.filter((url) => url.startsWith(demo.chat))).toEqual([`${demo.chat}/embed.js`])
  expect(await context.cookies()).toEqual([])
  expect(await page.evaluate(() => localStorage.length + sessionStorage.length)).toBe(0)
})
