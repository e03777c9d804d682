import { useEffect, useRef } from 'react'

interface Props {
  title: string
  detail: string
  yes: string
  no: string
  answer: (agreed: boolean) => void
}

/** Asks before something that cannot be undone. */
export function Question({ title, detail, yes, no, answer }: Props) {
  const dialog = useRef<HTMLDialogElement>(null)
  useEffect(() => dialog.current?.showModal(), [])
  const say = (agreed: boolean) => {
    // Gives the focus back to where it was.
    dialog.current?.close()
    answer(agreed)
  }
  return (
    <dialog
      ref={dialog}
      className="question"
      aria-labelledby="question"
      aria-describedby="question-detail"
      onKeyDown={(event) => event.stopPropagation()}
      onCancel={(event) => {
        event.preventDefault()
        say(false)
      }}
    >
      <h2 id="question">{title}</h2>
      <p id="question-detail">{detail}</p>
      <div className="answers">
        <button type="button" className="press" onClick={() => say(false)}>
          {no}
        </button>
        <button type="button" className="press strong" onClick={() => say(true)}>
          {yes}
        </button>
      </div>
    </dialog>
  )
}
