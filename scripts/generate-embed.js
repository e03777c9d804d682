// Prints the snippet for a shop's pages: `node scripts/generate-embed.js https://chat.example pk_…`.
// It asks the running server for its loader and pins that very version, by address and by integrity.
import { createHash } from 'node:crypto'

const end = (code, complaint) => {
  console.error(complaint)
  process.exit(code)
}

const [base, siteKey, ...more] = process.argv.slice(2)
const { protocol, origin } = URL.parse(base ?? '') ?? {}
if (!/^https?:$/.test(protocol) || !/^pk_[\w-]+$/.test(siteKey) || more.length > 0) {
  end(
    2,
    'usage: node scripts/generate-embed.js <https address of the chat server> <site key, pk_…>',
  )
}

const ask = async (path) => {
  try {
    return await fetch(origin + path)
  } catch (error) {
    return end(1, `${origin} cannot be reached: ${error.cause?.message || error.message}`)
  }
}
const must = async (path, otherwise) => {
  const response = await ask(path)
  if (!response.ok) end(1, `${origin}${path} answers ${response.status}${otherwise}`)
  return Buffer.from(await response.arrayBuffer())
}

await must(`/widget/${siteKey}`, `: is ${siteKey} a site of that server, and turned on?`)
const loader = await must(
  '/embed.js',
  ': is it the chat server, and has it been built with the widget?',
)
const hash = createHash('sha256').update(loader).digest('hex').slice(0, 24)
const integrity = `sha384-${createHash('sha384').update(loader).digest('base64')}`
const pinned = `/embed/v/${hash}/embed.js`
await must(pinned, ': was the server updated just now? Try again')

console.log(`Always the newest loader:

<script async src="${origin}/embed.js" data-site="${siteKey}"></script>

This loader and no other; print it again after each update of the server:

<script async src="${origin}${pinned}" data-site="${siteKey}"
  integrity="${integrity}" crossorigin="anonymous"></script>`)
