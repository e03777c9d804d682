import { readdirSync, readFileSync } from 'node:fs'
import { join, posix } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'

/** Who may import whom: rooms of `src`, and packages by name. A file in `src` itself is a room of its own. */
const plan: Record<string, readonly string[]> = {
  'main.tsx': [
    'ui',
    'react',
    'browser.ts',
    'paint.ts',
    'bridge',
    '@securechat/types',
    'react-dom/client',
  ],
  'browser.ts': ['core', '@securechat/types'],
  'paint.ts': ['bridge', '@securechat/types'],
  ui: ['react', 'core', 'locales', '@securechat/types', 'react', 'streaming-markdown'],
  react: ['core', 'react'],
  core: ['@securechat/types', '@securechat/utils'],
  embed: ['bridge'],
  bridge: [],
  locales: [],
}

const source = fileURLToPath(new URL('../src', import.meta.url))

const files = readdirSync(source, { recursive: true, encoding: 'utf8' })
  .map((path) => path.replaceAll('\\', '/'))
  .filter((path) => /(?<!\.test|\.d)\.tsx?$/.test(path))

const importing = /(?:^|\n)\s*(?:import|export)\s[^'"]*?from\s*'([^']+)'|import\(?\s*'([^']+)'/g

/** What a file asks for: a room of ours, or a package. */
function imports(path: string): string[] {
  const text = readFileSync(join(source, path), 'utf8')
  return [...text.matchAll(importing)].map(([, one, other]) => {
    const name = one ?? other ?? ''
    if (!name.startsWith('.')) return name.replace(/^(@[^/]+\/[^/]+)\/.*/, '$1')
    return room(posix.join(posix.dirname(path), name))
  })
}

function room(path: string): string {
  if (path.startsWith('..')) return path
  const [first = ''] = path.split('/')
  if (path.includes('/')) return first
  return Object.keys(plan).find((each) => each.replace(/\.tsx?$/, '') === first) ?? first
}

test('every file stands in a room of the plan', () => {
  expect(files.length).toBeGreaterThan(20)
  expect(files.filter((path) => !(room(path) in plan))).toEqual([])
})

test('every room imports only what the plan allows', () => {
  const strays = files.flatMap((path) =>
    imports(path)
      .filter((name) => name !== room(path) && !plan[room(path)]?.includes(name))
      .map((name) => `${path} may not import ${name}`),
  )
  expect(strays).toEqual([])
})

test('imports go one way: no file asks, through others, for itself', () => {
  const asked = new Map(files.map((path) => [path, neighbours(path)]))
  const reaches = (from: string, to: string, seen = new Set<string>()): boolean =>
    [...(asked.get(from) ?? [])].some(
      (next) => next === to || (!seen.has(next) && reaches(next, to, seen.add(next))),
    )
  expect([...asked.values()].flat().length).toBeGreaterThan(files.length)
  expect(files.filter((path) => reaches(path, path))).toEqual([])
})

/** The files of ours that a file asks for. */
function neighbours(path: string): string[] {
  const text = readFileSync(join(source, path), 'utf8')
  const names = [...text.matchAll(importing)].map(([, one, other]) => one ?? other ?? '')
  return names.flatMap((name) => {
    const file = posix.join(posix.dirname(path), name)
    return name.startsWith('.') ? files.filter((each) => each.replace(/\.tsx?$/, '') === file) : []
  })
}
