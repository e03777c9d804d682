import { useEffect, useLayoutEffect, useRef, useState } from 'react'
import * as smd from 'streaming-markdown'
import { useLocale } from '../locale'
import { stride, wholeStretch } from './pace'
import { type MarkdownRenderer, markdownInto } from './renderer'

/** Longer texts are shown up to here, the rest on request. */
const longest = 20_000

interface Props {
  text: string
  /** Whether more text is to come; what is there then flows in. */
  growing: boolean
}

/**
 * An answer's markdown. Tokens do not pass through the component tree: growth
 * is written on to the nodes that are there, anything else is drawn anew.
 */
export function Markdown({ text, growing }: Props) {
  const root = useRef<HTMLDivElement>(null)
  const writer = useRef<Writer | null>(null)
  const [whole, setWhole] = useState(false)
  const { words } = useLocale()
  const shown = whole ? text : text.slice(0, longest)

  useLayoutEffect(() => {
    if (!root.current) return
    writer.current ??= new Writer(root.current)
    writer.current.write(shown, growing)
  }, [shown, growing])
  useEffect(() => () => writer.current?.stop(), [])

  return (
    <>
      <div ref={root} className="markdown" dir="auto" />
      {shown.length < text.length && (
        <button type="button" className="link" onClick={() => setWhole(true)}>
          {words.more}
        </button>
      )}
    </>
  )
}

class Writer {
  readonly #root: HTMLElement
  #parser: smd.Parser | null = null
  #renderer: MarkdownRenderer | null = null
  /** What the parser was given, of the text that is to be shown. */
  #written = ''
  #text = ''
  #growing = true
  /** What was there before, or was replaced, is not told anew: only growth flows. */
  #atOnce = true
  #frame = 0

  constructor(root: HTMLElement) {
    this.#root = root
  }

  write(text: string, growing: boolean): void {
    if (!this.#parser || !text.startsWith(this.#written)) {
      this.#begin()
      this.#atOnce ||= this.#text !== '' && !text.startsWith(this.#text)
    }
    this.#text = text
    this.#growing = growing
    if (this.#still()) this.#flush()
    else if (!this.#frame) this.#step()
  }

  stop(): void {
    cancelAnimationFrame(this.#frame)
  }

  #begin(): void {
    this.#root.replaceChildren()
    this.#renderer = markdownInto(this.#root)
    this.#parser = smd.parser(this.#renderer)
    this.#written = ''
  }

  /** No flow where nobody would see it or somebody asked for none. */
  #still(): boolean {
    const still =
      this.#atOnce || document.hidden || matchMedia('(prefers-reduced-motion: reduce)').matches
    return still && this.#text.length - this.#written.length < 4000
  }

  #flush(): void {
    this.#advance(this.#text.length)
    this.#settle()
  }

  #step = (): void => {
    this.#frame = 0
    this.#advance(
      wholeStretch(
        this.#text,
        this.#written.length,
        stride(this.#text.length - this.#written.length),
      ),
    )
    if (this.#written.length < this.#text.length) this.#frame = requestAnimationFrame(this.#step)
    else this.#settle()
  }

  #advance(end: number): void {
    if (!this.#parser || end <= this.#written.length) return
    smd.parser_write(this.#parser, this.#text.slice(this.#written.length, end))
    this.#written = this.#text.slice(0, end)
    this.#rescue()
  }

  /** What the parser cannot follow is shown as it was written. */
  #rescue(): void {
    if (this.#renderer?.lost()) this.#root.replaceChildren(this.#written)
  }

  #settle(): void {
    this.#atOnce = false
    if (this.#growing || !this.#parser) return
    smd.parser_end(this.#parser)
    this.#rescue()
    this.#parser = null
    this.#written = this.#text
  }
}
