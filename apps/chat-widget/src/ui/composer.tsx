import { type KeyboardEvent, type RefObject, useEffect, useLayoutEffect, useState } from 'react'
import { Icon } from './icons'
import { fill, useLocale } from './locale'

/** A text that the shop's page put into the field; a new object each time. */
export interface Prefill {
  readonly text: string
}

interface Props {
  field: RefObject<HTMLTextAreaElement | null>
  draft: string
  prefill: Prefill | null
  answering: boolean
  /** Characters allowed in one message. */
  most: number
  /** Seconds until writing is allowed again. */
  wait: number
  keep: (draft: string) => void
  send: (text: string) => void
  stop: () => void
}

/** Where the visitor writes: one to five lines, Enter sends, Shift+Enter breaks the line. */
export function Composer({
  field,
  draft,
  prefill,
  answering,
  most,
  wait,
  keep,
  send,
  stop,
}: Props) {
  const { words } = useLocale()
  const [text, setText] = useState(draft)
  const over = [...text.trim()].length - most
  const sendable = text.trim() !== '' && over <= 0 && wait === 0

  const write = (value: string) => {
    setText(value)
    keep(value)
  }
  useEffect(() => {
    if (prefill) {
      setText(prefill.text)
      keep(prefill.text)
    }
  }, [prefill, keep])
  useLayoutEffect(() => {
    const area = field.current
    if (!area) return
    area.style.blockSize = 'auto'
    area.style.blockSize = text ? `${area.scrollHeight}px` : ''
  }, [text, field])

  const submit = () => {
    if (!sendable) return
    send(text.trim())
    write('')
    field.current?.focus()
  }
  const press = (event: KeyboardEvent<HTMLElement>) => {
    // While an input method composes a word, Enter belongs to it.
    if (event.key !== 'Enter' || event.shiftKey || event.isComposing) return
    event.preventDefault()
    submit()
  }
  const stopping = answering && text.trim() === ''
  return (
    <form
      className="composer"
      onSubmit={(event) => {
        event.preventDefault()
        submit()
      }}
    >
      <div className="field">
        <textarea
          ref={field}
          rows={1}
          dir={text ? 'auto' : undefined}
          value={text}
          placeholder={words.placeholder}
          aria-label={words.placeholder}
          aria-invalid={over > 0}
          aria-describedby={over > 0 ? 'over' : undefined}
          enterkeyhint="send"
          onInput={(event) => write(event.currentTarget.value)}
          onKeyDown={press}
        />
        {stopping ? (
          <button type="button" className="go stop" aria-label={words.stop} onClick={stop}>
            <span>
              <svg viewBox="0 0 24 24" aria-hidden="true">
                <rect x="7" y="7" width="10" height="10" rx="2" />
              </svg>
            </span>
          </button>
        ) : (
          <button type="submit" className="go" aria-label={words.send} disabled={!sendable}>
            <span>
              <Icon name="send" />
            </span>
          </button>
        )}
      </div>
      {over > 0 && (
        <p id="over" className="over" role="status">
          {fill(words.tooLong, { n: over })}
        </p>
      )}
    </form>
  )
}
