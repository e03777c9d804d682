import { useEffect, useMemo, useRef } from 'react'
import type { OpenTurn, View, ViewMessage } from '../core/view'
import { Icon } from './icons'
import { dayName, fill, startOfDay, useLocale } from './locale'
import { type Acts, Message } from './message'
import { useStick } from './stick'

/** Messages closer than this share one time. */
const together = 2 * 60_000

interface Props {
  view: View
  acts: Acts
  older: () => void
  feedback: boolean
  notice: string
}

/** The conversation: grouped by day and by nearness, at its end unless the reader went back. */
export function Thread({ view, acts, older, feedback, notice }: Props) {
  const { lang, words } = useLocale()
  const box = useRef<HTMLDivElement>(null)
  const content = useRef<HTMLDivElement>(null)
  const { messages, turn } = view
  const { atEnd, toEnd } = useStick(box, content, messages[0]?.id)
  const mine = useMemo(
    () => messages.filter((message) => message.author === 'visitor').length,
    [messages],
  )
  const shown = useRef(mine)

  useEffect(() => {
    if (mine > shown.current) toEnd('smooth')
    shown.current = mine
  }, [mine, toEnd])

  const now = Date.now()
  return (
    <div className="scroller">
      <div
        className="thread"
        ref={box}
        role="log"
        aria-live="off"
        aria-label={words.conversation}
        // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be in reach of the keyboard
        tabIndex={0}
      >
        <div className="content" ref={content}>
          {view.more ? (
            <button type="button" className="link earlier" onClick={older}>
              {words.older}
            </button>
          ) : (
            <p className="notice" dir="auto">
              {notice}
            </p>
          )}
          {messages.map((message, at) => (
            <Item
              key={message.id}
              message={message}
              before={messages[at - 1]}
              after={messages[at + 1]}
              now={now}
              lang={lang}
              acts={acts}
              feedback={feedback}
            />
          ))}
          <Waiting turn={turn} last={messages.at(-1)} />
        </div>
      </div>
      <button type="button" className="newest" hidden={atEnd} onClick={() => toEnd('smooth')}>
        <Icon name="down" />
        {words.newest}
      </button>
    </div>
  )
}

interface ItemProps {
  message: ViewMessage
  before: ViewMessage | undefined
  after: ViewMessage | undefined
  now: number
  lang: string
  acts: Acts
  feedback: boolean
}

function Item({ message, before, after, now, lang, acts, feedback }: ItemProps) {
  const newDay = !before || startOfDay(before.createdAt) !== startOfDay(message.createdAt)
  const alone =
    !after || after.author !== message.author || after.createdAt - message.createdAt > together
  return (
    <>
      {newDay && (
        <div className="day">
          <span>{dayName(message.createdAt, now, lang)}</span>
        </div>
      )}
      <Message message={message} acts={acts} timed={alone} newest={!after} feedback={feedback} />
    </>
  )
}

/** What the visitor waits for, until the first word is there. */
function Waiting({ turn, last }: { turn: OpenTurn | null; last: ViewMessage | undefined }) {
  const { words } = useLocale()
  const writing = last !== undefined && last.author !== 'visitor' && last.text !== ''
  const sending = last?.delivery === 'pending'
  if (!turn && !sending) return null
  if (turn?.state === 'waiting' && turn.position) {
    const place = turn.position === 1 ? words.queuedNext : fill(words.queued, { n: turn.position })
    return <Dots label={place} />
  }
  if (turn?.activity) return <Dots label={turn.activity} />
  return writing || !turn ? null : <Dots label="" />
}

function Dots({ label }: { label: string }) {
  const { words } = useLocale()
  return (
    <div className="waiting">
      <span className="dots" aria-hidden="true">
        <i />
        <i />
        <i />
      </span>
      <span className={label ? 'activity' : 'unseen'} role="status" dir="auto">
        {label || words.thinking}
      </span>
    </div>
  )
}
