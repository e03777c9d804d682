import { type KeyboardEvent, useEffect, useRef, useState } from 'react'
import { Icon, type IconName, Mark } from './icons'
import { useLocale } from './locale'

export interface MenuItem {
  readonly icon: IconName
  readonly name: string
  readonly choose: () => void
}

interface Props {
  title: string
  tagline: string
  /** What is worth a word for a moment, in the tagline's place: there it covers and moves nothing. */
  passing: string
  /** Whether the assistant can be reached. */
  live: boolean
  /** On the first screen the greeting speaks, and the bar is bare. */
  bare: boolean
  items: readonly MenuItem[]
  wide: boolean
  /** Null where the panel has all the room there is. */
  widen: ((wide: boolean) => void) | null
  close: () => void
}

export function Header({ title, tagline, passing, live, bare, items, wide, widen, close }: Props) {
  const { words } = useLocale()
  return (
    <header className={bare ? 'bar bare' : 'bar'}>
      {!bare && <Mark />}
      <div className="who">
        {!bare && (
          <>
            <h1 dir="auto">{title}</h1>
            <p>
              <span className={live ? 'dot live' : 'dot'} />
              {passing ? (
                <span className="clip passing" dir="auto" role="status" key="passing">
                  {passing}
                </span>
              ) : (
                <span className="clip" dir="auto" title={tagline}>
                  {tagline}
                </span>
              )}
            </p>
          </>
        )}
      </div>
      {!bare && widen && (
        <button
          type="button"
          className="round"
          aria-label={words.wide}
          aria-pressed={wide}
          onClick={() => widen(!wide)}
        >
          <Icon name={wide ? 'narrow' : 'wide'} />
        </button>
      )}
      {items.length > 0 && <Menu items={items} />}
      <button type="button" className="round" aria-label={words.close} onClick={close}>
        <Icon name="close" />
      </button>
    </header>
  )
}

function Menu({ items }: { items: readonly MenuItem[] }) {
  const { words } = useLocale()
  const [open, setOpen] = useState(false)
  const root = useRef<HTMLDivElement>(null)
  const opener = useRef<HTMLButtonElement>(null)

  useEffect(() => {
    if (!open) return
    root.current?.querySelector<HTMLElement>('[role=menuitem]')?.focus()
    const away = (event: PointerEvent) => {
      if (!root.current?.contains(event.target as Node)) setOpen(false)
    }
    document.addEventListener('pointerdown', away)
    return () => document.removeEventListener('pointerdown', away)
  }, [open])

  const leave = () => {
    setOpen(false)
    opener.current?.focus()
  }
  const steer = (event: KeyboardEvent<HTMLElement>) => {
    const all = [...(root.current?.querySelectorAll<HTMLElement>('[role=menuitem]') ?? [])]
    const at = all.indexOf(document.activeElement as HTMLElement)
    const steps: Record<string, number> = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: -1 }
    const to = steps[event.key]
    if (event.key === 'Escape') {
      event.stopPropagation()
      leave()
    } else if (event.key === 'Tab') {
      setOpen(false)
    } else if (to !== undefined) {
      event.preventDefault()
      all.at(to % all.length)?.focus()
    }
  }
  return (
    <div className="menu" ref={root}>
      <button
        type="button"
        className="round"
        ref={opener}
        aria-label={words.menu}
        aria-haspopup="menu"
        aria-expanded={open}
        onClick={() => setOpen(!open)}
      >
        <Icon name="more" />
      </button>
      {open && (
        <div className="sheet" role="menu" tabIndex={-1} aria-label={words.menu} onKeyDown={steer}>
          {items.map((item) => (
            <button
              key={item.name}
              type="button"
              role="menuitem"
              onClick={() => {
                leave()
                item.choose()
              }}
            >
              <Icon name={item.icon} />
              {item.name}
            </button>
          ))}
        </div>
      )}
    </div>
  )
}
