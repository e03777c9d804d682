import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { outDir } from '../vite.config.ts'

/** What a stranger's shop page may be asked to download, in gzipped bytes. */
const budgets = { embed: 5_000, script: 30_000, style: 8_000 }

const files: Record<keyof typeof budgets, string> = JSON.parse(
  readFileSync(join(outDir, 'manifest.json'), 'utf8'),
)
for (const part of Object.keys(budgets) as (keyof typeof budgets)[]) {
  const size = gzipSync(readFileSync(join(outDir, files[part])), { level: 9 }).length
  console.log(`${files[part]}  ${size} of ${budgets[part]} bytes gzipped`)
  if (size > budgets[part]) process.exitCode = 1
}
