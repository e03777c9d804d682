// Prints the snippet for a shop's pages: `node scripts/generate-embed.js https://chat.example pk_…`.
// It asks the running server for its loader and pins that very version, by address and by integrity.
import { createHash } from 'node:crypto'

const [base, siteKey] = process.argv.slice(2)
if (!URL.canParse(base ?? '') || !siteKey?.startsWith('pk_')) {
  console.error(
    'usage: node scripts/generate-embed.js <address of the chat server> <site key, pk_…>',
  )
  process.exit(2)
}

const { origin } = new URL(base)
const response = await fetch(`${origin}/embed.js`)
if (!response.ok) throw new Error(`${origin}/embed.js answers ${response.status}`)
const loader = Buffer.from(await response.arrayBuffer())
const hash = createHash('sha256').update(loader).digest('hex').slice(0, 24)
const integrity = `sha384-${createHash('sha384').update(loader).digest('base64')}`
const pinned = `${origin}/embed/v/${hash}/embed.js`
const check = await fetch(pinned, { method: 'HEAD' })
if (!check.ok) throw new Error(`${pinned} answers ${check.status}`)

console.log(`Always the newest loader:

<script async src="${origin}/embed.js" data-site="${siteKey}"></script>

This loader and no other; print it again after each update of the server:

<script async src="${pinned}" data-site="${siteKey}"
  integrity="${integrity}" crossorigin="anonymous"></script>`)
