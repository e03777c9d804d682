/** Where the shopper is, and how the chat stays when the page changes under it. */

/** The page's address without query and fragment, which may hold secrets. */
export function pageAddress(): string {
  return (location.origin + location.pathname).slice(0, 2048)
}

/** Tells whenever the address changes without a page load. */
export function watchPage(signal: AbortSignal, moved: (page: string) => void): void {
  let last = pageAddress()
  const look = () => {
    const now = pageAddress()
    if (now !== last) moved(now)
    last = now
  }
  const { navigation } = window as unknown as { navigation?: EventTarget }
  navigation?.addEventListener('currententrychange', look, { signal })
  // Without the Navigation API a move is seen when focus passes into the frame.
  for (const name of ['popstate', 'blur']) window.addEventListener(name, look, { signal })
}

/** Keeps an element in the document when a framework replaces what is around it. */
export function keepAttached(element: HTMLElement, signal: AbortSignal): void {
  const attach = () => {
    if (element.isConnected) return
    document.documentElement.append(element)
    observer.observe(document, { childList: true })
    observer.observe(document.documentElement, { childList: true })
  }
  const observer = new MutationObserver(attach)
  attach()
  signal.addEventListener('abort', () => observer.disconnect())
}
