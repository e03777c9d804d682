import type { Rating } from '@securechat/types/wire'
import { memo } from 'react'
import type { ViewMessage } from '../core/view'
import { Cards } from './card'
import { Icon } from './icons'
import { clock, fill, useLocale } from './locale'
import { Markdown } from './markdown/markdown'

export interface Acts {
  say(text: string): void
  retry(messageId: string): void
  rate(messageId: string, rating: Rating): void
  clicked(messageId: string): void
}

interface Props {
  message: ViewMessage
  acts: Acts
  /** Whether the time is shown: on the last of several close together. */
  timed: boolean
  /** The newest message can be asked again. */
  newest: boolean
  feedback: boolean
}

export const Message = memo(function Message(props: Props) {
  return props.message.author === 'visitor' ? <Question {...props} /> : <Answer {...props} />
})

function Question({ message, acts, timed }: Props) {
  const { lang, words } = useLocale()
  const failed = message.delivery === 'failed'
  return (
    <article className="message mine" data-state={message.delivery} aria-label={words.you}>
      <div className="bubble" dir="auto">
        {message.text}
      </div>
      {(timed || failed || message.delivery === 'pending') && (
        <p className={failed ? 'meta wrong' : 'meta'}>
          {failed ? (
            <>
              <Icon name="alert" />
              <span dir="auto">{message.problem?.title || words.failed}</span>
              <button type="button" className="link" onClick={() => acts.retry(message.id)}>
                {words.retry}
              </button>
            </>
          ) : (
            <>
              <time dateTime={new Date(message.createdAt).toISOString()}>
                {clock(message.createdAt, lang)}
              </time>
              <Icon name={message.delivery === 'pending' ? 'wait' : 'tick'} />
              <span className="unseen">
                {message.delivery === 'pending' ? words.pending : words.sent}
              </span>
            </>
          )}
        </p>
      )}
    </article>
  )
}

function Answer({ message, acts, timed, newest, feedback }: Props) {
  const { lang, words } = useLocale()
  const { status } = message
  const broken = status === 'failed' || status === 'interrupted'
  const rateable = feedback && status === 'done' && message.author === 'agent'
  return (
    <article
      className={`message theirs ${message.author}`}
      data-state={status}
      aria-label={message.author === 'agent' ? words.assistant : words.operator}
      aria-busy={status === 'streaming'}
    >
      {message.author === 'operator' && <p className="by">{words.operator}</p>}
      {message.text && <Markdown text={message.text} growing={status === 'streaming'} />}
      {message.cards && message.cards.length > 0 && (
        <Cards cards={message.cards} say={acts.say} clicked={() => acts.clicked(message.id)} />
      )}
      {broken && (
        <div className="broken">
          <Icon name="alert" />
          <p dir="auto">
            {message.problem?.title ||
              (status === 'failed' ? words.answerFailed : words.interrupted)}
            {message.problem?.id && (
              <small>{fill(words.reference, { id: message.problem.id })}</small>
            )}
          </p>
          {newest && (
            <button type="button" className="press" onClick={() => acts.retry(message.id)}>
              <Icon name="retry" />
              {words.retry}
            </button>
          )}
        </div>
      )}
      {status !== 'streaming' && (timed || rateable) && (
        <div className={newest || message.rating ? 'meta foot kept' : 'meta foot'}>
          {status === 'stopped' && <span>{words.stopped}</span>}
          <time dateTime={new Date(message.createdAt).toISOString()}>
            {clock(message.createdAt, lang)}
          </time>
          {rateable && <Thumbs message={message} rate={acts.rate} />}
        </div>
      )}
    </article>
  )
}

function Thumbs({ message, rate }: { message: ViewMessage; rate: Acts['rate'] }) {
  const { words } = useLocale()
  const thumb = (rating: Rating, name: 'good' | 'bad') => (
    <button
      type="button"
      className="thumb"
      aria-label={words[name]}
      aria-pressed={message.rating === rating}
      onClick={() => rate(message.id, rating)}
    >
      <Icon name={name} />
    </button>
  )
  return (
    <span className="thumbs">
      {thumb(1, 'good')}
      {thumb(-1, 'bad')}
    </span>
  )
}
