import { type ReactNode, useEffect, useState } from 'react'
import type { Notice, View } from '../core/view'
import { Icon, type IconName } from './icons'
import { fill, useLocale } from './locale'

/** One line under the header: how the connection stands. */
export function LineBanner({ view }: { view: View }) {
  const { words } = useLocale()
  const slow = useAfter(view.phase === 'reconnecting', 600)
  if (view.phase === 'offline') return <Banner icon="offline">{words.offline}</Banner>
  if (slow) return <Banner icon="wait">{words.reconnecting}</Banner>
  return null
}

/** Over the composer: why a message cannot go now. */
export function NoticeBanner({ notice }: { notice: Notice | null }) {
  const { words } = useLocale()
  const seconds = useSecondsUntil(notice?.kind === 'rate-limited' ? notice.until : 0)
  if (!notice) return null
  switch (notice.kind) {
    case 'rate-limited':
      return seconds > 0 ? (
        <Banner icon="wait">{fill(words.rateLimited, { n: seconds })}</Banner>
      ) : null
    case 'too-long':
      return null
    case 'refused':
      return <Banner icon="alert">{notice.title || words.refused}</Banner>
    case 'problem':
      return (
        <Banner icon="alert">
          {notice.title} {notice.id && <small>{fill(words.reference, { id: notice.id })}</small>}
        </Banner>
      )
  }
}

function Banner({ icon, children }: { icon: IconName; children: ReactNode }) {
  return (
    <div className="banner" role="status">
      <Icon name={icon} />
      <span dir="auto">{children}</span>
    </div>
  )
}

/** True for so many milliseconds after the value became true. */
export function useBriefly(value: boolean, milliseconds: number): boolean {
  const [on, setOn] = useState(false)
  useEffect(() => {
    if (!value) return
    setOn(true)
    const timer = setTimeout(() => setOn(false), milliseconds)
    return () => clearTimeout(timer)
  }, [value, milliseconds])
  return on
}

/** True once the value has been true for so many milliseconds. */
export function useAfter(value: boolean, milliseconds: number): boolean {
  const [late, setLate] = useState(false)
  useEffect(() => {
    if (!value) return setLate(false)
    const timer = setTimeout(() => setLate(true), milliseconds)
    return () => clearTimeout(timer)
  }, [value, milliseconds])
  return late && value
}

/** Whole seconds until a time, counting down to 0. */
export function useSecondsUntil(until: number): number {
  const [now, setNow] = useState(() => Date.now())
  const left = Math.max(0, Math.ceil((until - now) / 1000))
  useEffect(() => {
    setNow(Date.now())
    if (until <= Date.now()) return
    const timer = setInterval(() => setNow(Date.now()), 250)
    return () => clearInterval(timer)
  }, [until])
  return left
}
