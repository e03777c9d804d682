/**
 * Keeps launcher and panel above what the page has put along the window's
 * bottom: cart bars, cookie banners. They come and go by scrolling, by timers
 * and by clicks, and no event tells of them all.
 */
export function raiseOverBars(host: HTMLElement, beside: HTMLElement, signal: AbortSignal): void {
  if (signal.aborted) return
  const bar = document
    .elementsFromPoint(beside.getBoundingClientRect().x, innerHeight - 1)
    .find((element) => /fixed|sticky/.test(getComputedStyle(element).position))
  const top = bar?.getBoundingClientRect().y ?? 0
  // What is taller is no bar but a dialog, which may well cover us.
  host.style.setProperty('--raise', `${top > innerHeight / 2 ? innerHeight - top : 0}px`)
  setTimeout(raiseOverBars, 1000, host, beside, signal)
}
