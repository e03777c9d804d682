import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { expect, test } from 'vitest'
import { outDir } from '../vite.config'

/** What a stranger's shop page may be asked to download, in gzipped bytes. */
const budgets = { embed: 5_000, script: 30_000, style: 8_000 }

const manifest = join(outDir, 'manifest.json')

test('the widget is built before its size is tested', () => {
  expect(existsSync(manifest), 'expected a build: run `pnpm run build` first').toBe(true)
})

test.each(Object.entries(budgets))('%s takes no more than %i bytes', (part, most) => {
  const files: Record<string, string> = JSON.parse(readFileSync(manifest, 'utf8'))
  const file = readFileSync(join(outDir, files[part] ?? ''))
  expect(gzipSync(file, { level: 9 }).length).toBeLessThanOrEqual(most)
})
