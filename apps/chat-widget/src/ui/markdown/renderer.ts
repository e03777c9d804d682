/**
 * Draws streamed markdown as DOM nodes. Elements come from one table, there is
 * no HTML, no attribute but those set here, and no picture is ever fetched: an
 * image becomes a link with its description.
 */
import * as smd from 'streaming-markdown'
import { hostOf, misleads, safeAddress } from './links'

const tags: Partial<Record<smd.Token, string>> = {
  [smd.PARAGRAPH]: 'p',
  // One level for all, so that an answer cannot disorder the page's outline.
  [smd.HEADING_1]: 'h2',
  [smd.HEADING_2]: 'h2',
  [smd.HEADING_3]: 'h2',
  [smd.HEADING_4]: 'h2',
  [smd.HEADING_5]: 'h2',
  [smd.HEADING_6]: 'h2',
  [smd.CODE_BLOCK]: 'code',
  [smd.CODE_FENCE]: 'code',
  [smd.CODE_INLINE]: 'code',
  [smd.ITALIC_AST]: 'em',
  [smd.ITALIC_UND]: 'em',
  [smd.STRONG_AST]: 'strong',
  [smd.STRONG_UND]: 'strong',
  [smd.STRIKE]: 's',
  [smd.LINK]: 'a',
  [smd.RAW_URL]: 'a',
  [smd.IMAGE]: 'a',
  [smd.BLOCKQUOTE]: 'blockquote',
  [smd.LINE_BREAK]: 'br',
  [smd.RULE]: 'hr',
  [smd.LIST_UNORDERED]: 'ul',
  [smd.LIST_ORDERED]: 'ol',
  [smd.LIST_ITEM]: 'li',
  [smd.TABLE]: 'table',
  [smd.TABLE_ROW]: 'tr',
  [smd.TABLE_CELL]: 'td',
}

/** Deeper nesting is drawn flat, longer tables are cut: no answer may freeze the page. */
const deepest = 12
/** The parser keeps count of so many open tokens, and loses text beyond. */
const unreadable = 20
const mostRows = 100
const mostCells = 12

interface Open {
  /** Where text and children go; null where they are dropped. */
  readonly node: Element | null
  readonly type: smd.Token
  /** Text taken back when the token turns out not to be what it began as. */
  readonly before: string
  readonly after: string
  address: string | null
  settled: boolean
}

export interface MarkdownRenderer {
  /** Whether the text is nested beyond what the parser can read: then it should be shown as it is. */
  readonly lost: () => boolean
  readonly add_token: (data: null, type: smd.Token) => void
  readonly end_token: (data: null) => void
  readonly add_text: (data: null, text: string) => void
  readonly set_attr: (data: null, type: smd.Attr, value: string) => void
  readonly data: null
}

export function markdownInto(root: Element): MarkdownRenderer {
  const open: Open[] = []
  let lost = false
  const top = () => open[open.length - 1]
  const node = () => (open.length ? (top()?.node ?? null) : root)

  const begin = (type: smd.Token) => {
    lost ||= open.length >= unreadable
    const parent = node()
    const [before, after] = marks(type)
    open.push({
      node: parent && grow(parent, type, open.length),
      type,
      before,
      after,
      address: null,
      settled: false,
    })
  }
  const end = () => {
    const ended = open.pop()
    if (ended?.type === smd.EQUATION_BLOCK || ended?.type === smd.EQUATION_INLINE)
      ended.node?.append('$')
    if (ended?.node instanceof HTMLAnchorElement) settleLink(ended, ended.node)
    if (ended?.node?.tagName === 'TH') settleHeading(ended.node)
  }
  return {
    data: null,
    lost: () => lost,
    add_token: (_data, type) => {
      if (type !== smd.DOCUMENT) begin(type)
    },
    end_token: end,
    add_text: (_data, text) => node()?.append(text),
    set_attr(_data, type, value) {
      const current = top()
      if (!current) return
      if (type === smd.HREF || type === smd.SRC) {
        current.settled = true
        current.address = safeAddress(value)
      } else if (type === smd.START && /^\d{1,9}$/.test(value)) {
        current.node?.setAttribute('start', value)
      } else if (type === smd.CHECKED) {
        current.node?.replaceChildren('☑ ')
      }
    },
  }
}

/** What stood around a token in the source, for those that may have to be undone. */
function marks(type: smd.Token): [string, string] {
  if (type === smd.LINK) return ['[', ']']
  if (type === smd.IMAGE) return ['![', ']']
  return ['', '']
}

/** Makes the element of a token; returns where its content goes, or null to drop it. */
function grow(parent: Element, type: smd.Token, depth: number): Element | null {
  if (type === smd.EQUATION_BLOCK || type === smd.EQUATION_INLINE) {
    const sum = add(parent, 'span')
    sum.append('$')
    return sum
  }
  if (type === smd.CHECKBOX) {
    const box = add(parent, 'span')
    box.append('☐ ')
    return box
  }
  const tag = tags[type]
  if (!tag || (depth >= deepest && type !== smd.LINK && type !== smd.RAW_URL)) return parent
  if (type === smd.CODE_BLOCK || type === smd.CODE_FENCE) {
    const block = add(parent, 'pre')
    // A long line scrolls; the keyboard must be able to do that too.
    block.tabIndex = 0
    return add(block, tag)
  }
  if (type === smd.TABLE) {
    const frame = add(parent, 'div')
    frame.className = 'table'
    frame.tabIndex = 0
    return add(frame, tag)
  }
  if (type === smd.TABLE_ROW) return growRow(parent)
  if (type === smd.TABLE_CELL) {
    if (parent.childElementCount >= mostCells) return null
    const cell = add(parent, parent.parentElement?.tagName === 'THEAD' ? 'th' : 'td')
    cell.dir = 'auto'
    return cell
  }
  return add(parent, tag)
}

function growRow(table: Element): Element | null {
  if (table.childElementCount === 0) return add(add(table, 'thead'), 'tr')
  const body = table.children[1] ?? add(table, 'tbody')
  return body.childElementCount < mostRows ? add(body, 'tr') : null
}

function add(parent: Element, tag: string): HTMLElement {
  const element = document.createElement(tag)
  parent.append(element)
  return element
}

/** The empty corner of a table heads nothing. */
function settleHeading(cell: Element): void {
  if (!cell.textContent?.trim()) cell.replaceWith(document.createElement('td'))
}

/** Makes a link of what is allowed, and text again of what is not. */
function settleLink(ended: Open, anchor: HTMLAnchorElement): void {
  const { address } = ended
  if (!ended.settled) {
    // Square brackets alone are no link: "[1]" stays what it was.
    anchor.replaceWith(ended.before, ...anchor.childNodes, ended.after)
    return
  }
  if (ended.type === smd.IMAGE && !anchor.textContent && address) anchor.append(hostOf(address))
  if (!address) {
    anchor.replaceWith(...anchor.childNodes)
    return
  }
  if (ended.type === smd.RAW_URL) {
    settleBare(anchor)
    return
  }
  for (const inner of anchor.querySelectorAll('a')) inner.replaceWith(...inner.childNodes)
  lead(anchor, address)
  if (misleads(anchor.textContent ?? '', address)) {
    const real = document.createElement('span')
    real.className = 'real-host'
    real.append(` (${hostOf(address) || new URL(address).pathname})`)
    anchor.append(real)
  }
}

/** A bare address ends before the punctuation of the sentence it stands in. */
function settleBare(anchor: HTMLAnchorElement): void {
  const written = anchor.textContent ?? ''
  const [, address = written, tail = ''] = /^(.*?)([).,;:!?'"»”\]*_]*)$/.exec(written) ?? []
  const safe = safeAddress(address)
  if (!safe) {
    anchor.replaceWith(written)
    return
  }
  anchor.replaceChildren(address)
  lead(anchor, safe)
  if (tail) anchor.after(tail)
}

function lead(anchor: HTMLAnchorElement, address: string): void {
  anchor.href = address
  anchor.target = '_blank'
  anchor.rel = 'noopener noreferrer nofollow'
}
