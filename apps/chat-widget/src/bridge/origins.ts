/**
 * Which pages may hold the frame. A list entry is an origin (RFC 6454) or one
 * whose first label is `*`, which stands for exactly one label: never for
 * none, never for two.
 */

/** The origin in its normal form, or '' where the text is not one of http or https. */
export function normalOrigin(text: string): string {
  try {
    const url = new URL(text)
    const web = url.protocol === 'https:' || url.protocol === 'http:'
    const bare = url.pathname === '/' && !url.search && !url.hash && !url.username && !url.password
    return web && bare && !text.endsWith('/') && !url.hostname.endsWith('.') ? url.origin : ''
  } catch {
    return ''
  }
}

/** Says whether a page of this origin fits one of the entries. */
export function originAllowed(origin: string, entries: readonly string[]): boolean {
  const page = normalOrigin(origin)
  return page !== '' && entries.some((entry) => fits(page, entry))
}

function fits(page: string, entry: string): boolean {
  const wildcard = entry.indexOf('://*.')
  if (wildcard < 0) return normalOrigin(entry) === page
  const domain = normalOrigin(entry.replace('://*.', '://'))
  const scheme = entry.slice(0, wildcard + 3).toLowerCase()
  if (domain === '' || !page.startsWith(scheme)) return false
  const dot = page.indexOf('.', scheme.length)
  return dot > scheme.length && scheme + page.slice(dot + 1) === domain
}
