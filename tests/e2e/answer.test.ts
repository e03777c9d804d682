import { expect, test } from 'vitest'
import { useDemo, words } from './demo.ts'

const demo = useDemo()

test('a question is answered word by word', async () => {
  const { widget } = await demo.shopper()
  await widget.open()
  await widget.ask('long 150')
  await expect.poll(widget.answer, { timeout: 10_000 }).toContain('w5')
  const early = await widget.answer()
  expect(early).not.toContain('w149')
  await expect.poll(widget.answer, { timeout: 20_000 }).toBe(words(150))
  expect(words(150).startsWith(early)).toBe(true)
})

test('an answer goes on from the same word on the next page', async () => {
  const { page, widget } = await demo.shopper()
  await widget.open()
  await widget.ask('long 400')
  await expect.poll(widget.answer, { timeout: 10_000 }).toContain('w60')
  const before = await widget.answer()

  await page.getByRole('link', { name: /Aurora lamp/ }).click()
  await page.getByRole('heading', { level: 1, name: 'Aurora lamp' }).waitFor()
  await expect.poll(widget.answer, { timeout: 10_000 }).not.toBe('')
  const after = await widget.answer()
  expect(words(400).startsWith(before)).toBe(true)
  expect(words(400).startsWith(after)).toBe(true)
  expect(after.length).toBeGreaterThanOrEqual(before.length)
  expect(after).not.toContain('w399')

  await expect.poll(widget.answer, { timeout: 20_000 }).toBe(words(400))
  expect(await widget.questions.count()).toBe(1)
})

test('a reload in the middle of an answer loses no word', async () => {
  const { page, widget } = await demo.shopper()
  await widget.open()
  await widget.ask('long 200')
  await expect.poll(widget.answer, { timeout: 10_000 }).toContain('w20')
  await page.reload()
  await expect.poll(widget.answer, { timeout: 20_000 }).toBe(words(200))
  expect(await widget.questions.count()).toBe(1)
})

test('two tabs show the same answer', async () => {
  const { context, page, widget } = await demo.shopper()
  await widget.open()
  await widget.ask('Is the Aurora lamp dimmable?')
  await expect.poll(widget.answer, { timeout: 10_000 }).not.toBe('')
  const other = await context.newPage()
  await other.goto(`${demo.shop}/demo/cart`)
  const there = other.frameLocator('secure-chat iframe')
  await other.locator('secure-chat .launcher').click()
  await there.getByRole('article', { name: 'Assistant' }).waitFor()
  await page.bringToFront()
  await widget.ask('long 80')
  const told = () => there.getByRole('article', { name: 'Assistant' }).last().textContent()
  await expect.poll(told, { timeout: 20_000 }).toContain('w79')
})

test('an answer can be stopped, and stays as far as it came', async () => {
  const { widget } = await demo.shopper()
  await widget.open()
  await widget.ask('long 500')
  await expect.poll(widget.answer, { timeout: 10_000 }).toContain('w10')
  await widget.frame.getByRole('button', { name: 'Stop answering' }).click()
  await widget.frame.getByText('Stopped', { exact: true }).waitFor()
  const kept = await widget.answer()
  expect(words(500).startsWith(kept)).toBe(true)
  expect(kept).not.toContain('w499')
})

test('an answer that fails says so and can be asked for again', async () => {
  const { widget } = await demo.shopper()
  await widget.open()
  await widget.ask('fail long 10')
  await widget.frame.getByRole('button', { name: 'Try again' }).waitFor()
  expect(await widget.frame.getByText('could not finish').count()).toBeGreaterThan(0)
})

test('a question on a product page comes into the field, ready to be sent', async () => {
  const { page, widget } = await demo.shopper()
  await page.goto(`${demo.shop}/demo/products/luma-candle`)
  await page.getByRole('button', { name: 'Is the Luma candle vegan?' }).click()
  await expect
    .poll(() => widget.composer.inputValue(), { timeout: 10_000 })
    .toBe('Is the Luma candle vegan?')
})
