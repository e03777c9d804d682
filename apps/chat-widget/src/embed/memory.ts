/**
 * What one tab remembers of the chat between the shop's pages: that the panel
 * is open, that the shopper has talked, that the teaser was dismissed. Kept in
 * the shop's sessionStorage, and only once the shopper has shown intent.
 */

export type Fact = 'open' | 'talked' | 'teased'

export interface Memory {
  has(fact: Fact): boolean
  keep(fact: Fact, holds: boolean): void
}

export function remember(site: string, allowed: () => boolean): Memory {
  const key = `securechat:${site}`
  let facts = new Set<string>()
  try {
    facts = new Set(sessionStorage.getItem(key)?.split(' '))
  } catch {
    // The browser denies storage: the panel will be closed on the next page.
  }
  return {
    has: (fact) => facts.has(fact),
    keep(fact, holds) {
      facts[holds ? 'add' : 'delete'](fact)
      try {
        if (facts.size && allowed()) sessionStorage.setItem(key, [...facts].join(' '))
        else sessionStorage.removeItem(key)
      } catch {
        // As above.
      }
    },
  }
}
