/** Small texts kept in the browser. Never throws: what cannot be kept there is kept in memory. */
export interface Storage {
  get(key: string): string | null
  set(key: string, value: string): void
  remove(key: string): void
  keys(): string[]
  /** From now on keeps in the browser, or only as long as the page; what there is moves along. */
  keepIn(place: 'browser' | 'page'): void
}

/** The part of the web's storage areas that we use. */
export interface Area {
  readonly length: number
  key(index: number): string | null
  getItem(key: string): string | null
  setItem(key: string, value: string): void
  removeItem(key: string): void
}

/**
 * Keeps under `prefix` in an area. `open` may throw, as the web's areas do in
 * frames that may not store; so may each of the area's methods.
 */
export function createStorage(open: () => Area, prefix: string): Storage {
  const memory = new Map<string, string>()
  let allowed = true

  function inArea<T>(otherwise: T, act: (area: Area) => T): T {
    if (!allowed) return otherwise
    try {
      return act(open())
    } catch {
      return otherwise
    }
  }

  const keys = () => [
    ...new Set([
      ...memory.keys(),
      ...inArea<string[]>([], (area) =>
        Array.from({ length: area.length }, (_, i) => area.key(i) ?? '')
          .filter((key) => key.startsWith(prefix))
          .map((key) => key.slice(prefix.length)),
      ),
    ]),
  ]
  const get = (key: string) => memory.get(key) ?? inArea(null, (area) => area.getItem(prefix + key))
  const remove = (key: string) => {
    memory.delete(key)
    inArea(undefined, (area) => area.removeItem(prefix + key))
  }
  const set = (key: string, value: string) => {
    const kept = inArea(false, (area) => {
      area.setItem(prefix + key, value)
      return true
    })
    if (kept) memory.delete(key)
    else memory.set(key, value)
  }

  return {
    get,
    set,
    remove,
    keys,
    keepIn(place) {
      const all = keys().map((key) => [key, get(key) ?? ''] as const)
      if (place === 'page') for (const [key] of all) remove(key)
      allowed = place === 'browser'
      for (const [key, value] of all) set(key, value)
    },
  }
}
