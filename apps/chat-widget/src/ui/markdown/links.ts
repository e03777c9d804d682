/** Which addresses in an answer may become links. The text comes from a model: it is hostile until shown otherwise. */

const allowed = new Set(['https:', 'mailto:', 'tel:'])
const longest = 2048
const thisMachine = /^(localhost|127\.0\.0\.1|\[::1\])$/

/** The address in its normal form, or null where it must stay text. */
export function safeAddress(text: string): string | null {
  const trimmed = text.trim()
  // Whitespace, control characters and backslashes are how schemes and hosts get disguised.
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
  if (!trimmed || trimmed.length > longest || /[\s\\\u0000-\u001f\u007f]/.test(trimmed)) return null
  if (!/^[a-z]+:/i.test(trimmed)) return null
  try {
    const url = new URL(trimmed)
    if (!(allowed.has(url.protocol) || isLocal(url)) || url.username || url.password) return null
    return url.href
  } catch {
    return null
  }
}

/** A shop that is tried out on this machine has no certificate; nobody else can be led there from a real one. */
function isLocal(url: URL): boolean {
  return (
    url.protocol === 'http:' &&
    thisMachine.test(url.hostname) &&
    thisMachine.test(location.hostname)
  )
}

/** The host that a web address leads to, else ''. */
export function hostOf(address: string): string {
  return /^https?:/.test(address) ? new URL(address).host : ''
}

/**
 * Says whether a link's text looks like an address of another host than the
 * one it leads to.
 */
export function misleads(text: string, address: string): boolean {
  const host = hostOf(address)
  if (!host) return /@|\.\w{2,}/.test(text) && !address.includes(text.trim())
  const shown = /(?:^|\s)(?:[a-z]+:\/\/)?((?:[\p{L}\p{N}-]+\.)+[\p{L}]{2,})/iu.exec(text)?.[1]
  if (!shown) return /^[a-z]+:\/\//i.test(text.trim())
  const plain = (name: string) => name.toLowerCase().replace(/^www\./, '')
  return plain(shown) !== plain(new URL(address).hostname)
}
