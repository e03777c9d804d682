import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import type { AxeResults } from 'axe-core'
import type { BrowserContext, Frame, Page } from 'playwright-core'

/** Brings axe into every page and frame that is opened from now on. */
export async function bringAxe(into: BrowserContext | Page): Promise<void> {
  const source = createRequire(import.meta.url).resolve('axe-core/axe.min.js')
  await into.addInitScript({ content: await readFile(source, 'utf8') })
}

/** What axe has to say against a document, in words. */
export async function inspect(place: Page | Frame): Promise<string[]> {
  const { violations } = await place.evaluate(() =>
    (window as unknown as { axe: { run(): Promise<AxeResults> } }).axe.run(),
  )
  return violations.flatMap((v) =>
    v.nodes.map((n) => `${v.id}: ${n.target.join(' ')}: ${n.failureSummary}`),
  )
}

/** The chat's own document. */
export function chatOf(page: Page): Frame {
  const frame = page.frames().find((each) => each.url().includes('/widget/'))
  if (!frame) throw new Error('expected a page with the chat in it')
  return frame
}
