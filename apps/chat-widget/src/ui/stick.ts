/**
 * Keeps a scrolling list at its end while it grows, unless the reader has
 * scrolled away, and in place when something is put before it.
 */
import { type RefObject, useCallback, useEffect, useLayoutEffect, useRef, useState } from 'react'

/** Closer to the end than this counts as being there, in pixels. */
const near = 56

export interface Stick {
  readonly atEnd: boolean
  readonly toEnd: (behavior: ScrollBehavior) => void
}

export function useStick(
  box: RefObject<HTMLElement | null>,
  content: RefObject<HTMLElement | null>,
  first: string | undefined,
): Stick {
  const [atEnd, setAtEnd] = useState(true)
  const stuck = useRef(true)
  const height = useRef(0)
  const firstShown = useRef(first)

  const toEnd = useCallback(
    (behavior: ScrollBehavior) => {
      stuck.current = true
      setAtEnd(true)
      box.current?.scrollTo({ top: box.current.scrollHeight, behavior })
    },
    [box],
  )
  useEffect(() => {
    const list = box.current
    if (!list || !content.current) return
    let last = list.scrollTop
    const look = () => {
      const end = list.scrollHeight - list.clientHeight - list.scrollTop < near
      // Growth moves the end away without the reader's doing: only scrolling up lets go.
      if (end) stuck.current = true
      else if (list.scrollTop < last - 2) stuck.current = false
      last = list.scrollTop
      setAtEnd(end || stuck.current)
    }
    const grown = new ResizeObserver(() => {
      height.current = list.scrollHeight
      if (stuck.current) list.scrollTop = list.scrollHeight
      look()
    })
    grown.observe(content.current)
    grown.observe(list)
    list.addEventListener('scroll', look, { passive: true })
    return () => {
      grown.disconnect()
      list.removeEventListener('scroll', look)
    }
  }, [box, content])
  useLayoutEffect(() => {
    const list = box.current
    if (!list || firstShown.current === first) return
    if (firstShown.current !== undefined && !stuck.current)
      list.scrollTop += list.scrollHeight - height.current
    firstShown.current = first
  }, [box, first])
  return { atEnd, toEnd }
}
