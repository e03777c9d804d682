// @vitest-environment happy-dom
import { parser, parser_end, parser_write } from 'streaming-markdown'
import { describe, expect, test } from 'vitest'
import { markdownInto } from './renderer'

/** Draws the text in pieces of the given length, as it would stream. */
function draw(text: string, piece = text.length || 1): HTMLElement {
  const root = document.createElement('div')
  const writer = parser(markdownInto(root))
  for (let at = 0; at < text.length; at += piece) parser_write(writer, text.slice(at, at + piece))
  parser_end(writer)
  return root
}

const links = (root: Element) => [...root.querySelectorAll('a')].map((a) => a.getAttribute('href'))

/** Everything that could fetch, run or clobber, and every attribute that is not ours. */
function dangers(root: Element): string[] {
  const allowed = new Set(['href', 'target', 'rel', 'class', 'dir', 'tabindex', 'start'])
  return [...root.querySelectorAll('*')].flatMap((element) => [
    ...(/^(IMG|SCRIPT|IFRAME|OBJECT|EMBED|SVG|LINK|META|STYLE|FORM|INPUT|VIDEO|AUDIO|BASE|MATH)$/i.test(
      element.tagName,
    )
      ? [element.tagName]
      : []),
    ...[...element.attributes].filter(({ name }) => !allowed.has(name)).map(({ name }) => name),
  ])
}

describe('a shop on this machine may be linked without TLS, and only from this machine', () => {
  const there = '[x](http://localhost:8080/demo/cart)'
  const framedFrom = (address: string) =>
    (window as unknown as { happyDOM: { setURL(url: string): void } }).happyDOM.setURL(address)
  test.each([
    ['http://127.0.0.1:8080/widget/pk_demo', there, ['http://localhost:8080/demo/cart']],
    ['http://127.0.0.1:8080/widget/pk_demo', '[x](http://a.example)', []],
    ['https://chat.example/widget/pk_shop', there, []],
  ])('framed from %s: %s', (from, text, expected) => {
    framedFrom(from)
    expect(links(draw(text))).toEqual(expected)
    framedFrom('about:blank')
  })
})

describe('a link is made of https, mailto and tel only', () => {
  test.each([
    ['[x](https://a.example/b?c=d)', 'https://a.example/b?c=d'],
    ['[x](mailto:help@a.example)', 'mailto:help@a.example'],
    ['[x](tel:+4712345678)', 'tel:+4712345678'],
    ['[x](HTTPS://A.example)', 'https://a.example/'],
    ['see https://a.example/b now', 'https://a.example/b'],
  ])('%s', (text, href) => {
    const root = draw(text)
    expect(links(root)).toEqual([href])
    const link = root.querySelector('a')
    expect(link?.rel).toBe('noopener noreferrer nofollow')
    expect(link?.target).toBe('_blank')
  })

  test.each([
    '[x](javascript:alert(1))',
    '[x](JaVaScRiPt:alert(1))',
    '[x](java\tscript:alert(1))',
    '[x](java\nscript:alert(1))',
    '[x]( javascript:alert(1))',
    '[x](\u0001javascript:alert(1))',
    '[x](&#x6A;avascript:alert(1))',
    '[x](&#106;&#97;vascript:alert(1))',
    '[x](javascript&colon;alert(1))',
    '[x](data:text/html,<script>alert(1)</script>)',
    '[x](data:image/svg+xml;base64,PHN2Zz4=)',
    '[x](vbscript:msgbox)',
    '[x](blob:https://a.example/1)',
    '[x](file:///etc/passwd)',
    '[x](http://a.example)',
    '[x](//a.example)',
    '[x](/relative)',
    '[x](https:\\\\evil.example)',
    '[x](https://user:pass@evil.example)',
    '[x](https://)',
    '<javascript:alert(1)>',
    '[x][1]\n\n[1]: javascript:alert(1)',
    '[x][1]\n\n[1]: data:text/html,hi',
  ])('%j stays text', (text) => {
    for (const piece of [1, 3, text.length]) {
      const root = draw(text, piece)
      expect(links(root)).toEqual([])
      expect(dangers(root)).toEqual([])
    }
  })
})

describe('a picture is never fetched', () => {
  test.each([
    '![a](https://evil.example/p.png)',
    '![](https://evil.example/p.png)',
    '![a](javascript:alert(1))',
    '[![a](https://evil.example/p.png)](https://evil.example)',
    '![a ![b](https://evil.example/1)](https://evil.example/2)',
    '![x][p]\n\n[p]: https://evil.example/p.png',
    '<img src=https://evil.example/p.png onerror=alert(1)>',
    '![x](https://evil.example/?',
    '![x](https://evil.example/?leak',
  ])('%j', (text) => {
    for (let end = 1; end <= text.length; end++)
      expect(dangers(draw(text.slice(0, end), 1))).toEqual([])
  })

  test('its description stands for it, as a link', () => {
    const root = draw('![The tent](https://a.example/tent.png)')
    expect(root.textContent).toBe('The tent')
    expect(links(root)).toEqual(['https://a.example/tent.png'])
  })

  test('without a description its host does', () => {
    expect(draw('![](https://a.example/tent.png)').textContent).toBe('a.example')
  })
})

describe('a link that looks like another address shows where it leads', () => {
  test.each([
    ['[https://bank.example](https://evil.example/x)', 'https://bank.example (evil.example)'],
    ['[bank.example](https://evil.example)', 'bank.example (evil.example)'],
    ['[www.bank.example/login](https://evil.example)', 'www.bank.example/login (evil.example)'],
    ['[**https://bank.example**](https://evil.example)', 'https://bank.example (evil.example)'],
    ['[a@bank.example](mailto:%E0%A4%A)', 'a@bank.example (%E0%A4%A)'],
    ['[help@bank.example](mailto:other@evil.example)', 'help@bank.example (other@evil.example)'],
  ])('%s', (text, shown) => {
    expect(draw(text).textContent).toBe(shown)
  })

  test.each([
    '[our shop](https://shop.example)',
    '[shop.example](https://www.shop.example/tents)',
    '[help@shop.example](mailto:help@shop.example)',
    '[Fjell 3.5 tent](https://shop.example)',
  ])('%s says nothing more', (text) => {
    expect(draw(text).querySelector('.real-host')).toBeNull()
  })
})

test('HTML is text', () => {
  const html =
    '<script>alert(1)</script><svg onload=alert(1)><iframe srcdoc=x><a id=b name=c ping=d>'
  const root = draw(html)
  expect(root.textContent).toBe(html)
  expect(dangers(root)).toEqual([])
})

test('square brackets alone stay what they were', () => {
  expect(draw('As [1] says, and ![that] too').textContent).toBe('As [1] says, and ![that] too')
})

test('a bare address leaves the punctuation of its sentence alone', () => {
  const root = draw('Look (https://a.example/b).')
  expect(root.textContent).toBe('Look (https://a.example/b).')
})

test('prices are not sums', () => {
  expect(draw('From $A to $B it costs $20 and $30').textContent).toBe(
    'From $A to $B it costs $20 and $30',
  )
})

test('however the text is cut while it streams, the same nodes come out', () => {
  const text =
    '# A\n\nOne **two** [three](https://a.example) `four`\n\n- five\n  - six\n\n| a | b |\n|---|---|\n| c | d |\n\n```js\nx\n```\n'
  const whole = draw(text).innerHTML
  for (const piece of [1, 2, 3, 7]) expect(draw(text, piece).innerHTML).toBe(whole)
})

test('the empty corner of a table is no heading', () => {
  const table = draw('| | Price |\n|---|---|\n| Lamp | €89 |\n')
  expect([...table.querySelectorAll('thead tr > *')].map((cell) => cell.tagName)).toEqual([
    'TD',
    'TH',
  ])
})

test('a huge table is cut', () => {
  const row = `|${' x |'.repeat(50)}\n`
  const root = draw(`${row}|${'---|'.repeat(50)}\n${row.repeat(300)}`)
  expect(root.querySelectorAll('tr').length).toBeLessThanOrEqual(101)
  expect(root.querySelectorAll('tr:first-child > *').length).toBeLessThanOrEqual(24)
})

test.each([
  ['brackets', '['.repeat(20_000)],
  ['quotes', '> '.repeat(5_000)],
  [
    'nested lists',
    Array.from({ length: 400 }, (_, depth) => `${'  '.repeat(depth)}- x`).join('\n'),
  ],
  ['one long line', 'x'.repeat(20_000)],
  ['stars', '*_'.repeat(5_000)],
  ['images', '!['.repeat(5_000)],
])('a flood of %s is drawn, and not deeply', (_, text) => {
  const root = draw(text)
  let depth = 0
  for (const element of root.querySelectorAll('*')) {
    let up = 0
    for (let at: Element | null = element; at && at !== root; at = at.parentElement) up++
    depth = Math.max(depth, up)
  }
  expect(depth).toBeLessThanOrEqual(30)
  expect(dangers(root)).toEqual([])
})

test('nesting beyond what the parser can read is noticed', () => {
  const renderer = markdownInto(document.createElement('div'))
  const writer = parser(renderer)
  parser_write(writer, '> '.repeat(10))
  expect(renderer.lost()).toBe(false)
  parser_write(writer, '> '.repeat(30))
  expect(renderer.lost()).toBe(true)
})
