/** Tells a screen reader what arrives: whole sentences, politely, never single tokens. */
import { useEffect, useRef, useState } from 'react'
import type { ViewMessage } from '../core/view'
import { useLocale } from './locale'

/** Bounds the work for a hostile answer, in UTF-16 units announced at a time. */
const most = 1500

/** The whole sentences of `text` after `from`; all of the rest where the text is complete. */
export function sentencesAfter(
  text: string,
  from: number,
  complete: boolean,
  lang: string,
): { said: string; to: number } {
  const rest = text.slice(from, from + most)
  if (complete) return { said: plain(rest), to: text.length }
  let to = 0
  for (const { index, segment } of new Intl.Segmenter(lang, { granularity: 'sentence' }).segment(
    rest,
  )) {
    // The last segment may still grow, unless its line is over.
    if (index + segment.length < rest.length || segment.endsWith('\n')) to = index + segment.length
  }
  return { said: plain(rest.slice(0, to)), to: from + to }
}

/** Markdown as it would be read aloud. */
function plain(markdown: string): string {
  return markdown
    .replace(/!?\[([^\]]*)\]\([^)]*\)/g, '$1')
    .replace(/^[#>\s]+|[*_`~|]+/gm, '')
    .replace(/\s+/g, ' ')
    .trim()
}

export function Announcer({ messages }: { messages: readonly ViewMessage[] }) {
  const { lang } = useLocale()
  const last = messages.at(-1)
  const heard = useRef<{ id: string; to: number } | null>(null)
  const [said, setSaid] = useState<readonly { at: number; text: string }[]>([])

  useEffect(() => {
    if (!last || last.author === 'visitor') return
    const growing = last.status === 'streaming'
    // What was there before the visitor came is read, not announced.
    if (heard.current === null && !growing) heard.current = { id: last.id, to: last.text.length }
    if (heard.current?.id !== last.id) heard.current = { id: last.id, to: 0 }
    const next = sentencesAfter(last.text, heard.current.to, !growing, lang)
    heard.current.to = next.to
    // Each sentence is an element of its own: replaced text would cut off what is being read.
    if (next.said)
      setSaid((all) => [...all.slice(-9), { at: (all.at(-1)?.at ?? 0) + 1, text: next.said }])
  }, [last, lang])
  useEffect(() => {
    if (heard.current === null && messages.length > 0 && last?.author === 'visitor')
      heard.current = { id: '', to: 0 }
  }, [messages, last])
  return (
    <div className="unseen" aria-live="polite">
      {said.map(({ at, text }) => (
        <p key={at} dir="auto">
          {text}
        </p>
      ))}
    </div>
  )
}
