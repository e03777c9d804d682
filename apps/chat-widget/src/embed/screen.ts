/**
 * How the panel takes the screen: full on phones, where the page behind must
 * neither scroll nor take focus, the on-screen keyboard shortens the panel
 * and the system's Back closes it.
 */
const phone = '(max-width: 639.98px), (max-height: 439.98px)'

export interface Screen {
  /** Tells again whether the panel fills the screen. */
  tell(): void
  /** Takes the screen for the open panel, or gives it back. */
  take(open: boolean): void
}

export function watchScreen(
  host: HTMLElement,
  signal: AbortSignal,
  resized: (full: boolean) => void,
  back: () => void,
): Screen {
  const query = matchMedia(phone)
  const view = window.visualViewport as VisualViewport
  const root = document.documentElement
  let open = false
  let locked: HTMLElement | undefined
  let overflow = ''

  const stretch = () => {
    host.style.setProperty('--height', `${view.height}px`)
    host.style.setProperty('--top', `${view.offsetTop}px`)
  }
  const lock = () => {
    host.toggleAttribute('data-full', query.matches)
    stretch()
    if (locked) {
      root.style.overflow = overflow
      locked.inert = false
      locked = undefined
    }
    if (open && query.matches) {
      overflow = root.style.overflow
      root.style.overflow = 'hidden'
      locked = document.body
      locked.inert = true
    }
  }
  const marked = () => history.state?.securechat === true

  const tell = () => {
    lock()
    resized(query.matches)
  }

  query.addEventListener('change', tell, { signal })
  for (const name of ['resize', 'scroll']) view.addEventListener(name, stretch, { signal })
  window.addEventListener(
    'popstate',
    () => {
      if (open && query.matches && !marked()) back()
    },
    { signal },
  )
  lock()

  return {
    tell,
    take(now) {
      const was = open
      open = now
      lock()
      if (open && query.matches && !marked())
        history.pushState({ ...history.state, securechat: true }, '')
      else if (was && !open && marked()) history.back()
    },
  }
}
