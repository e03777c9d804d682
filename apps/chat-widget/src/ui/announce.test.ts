import { expect, test } from 'vitest'
import { sentencesAfter } from './announce'

/** What is announced while the text grows by pieces of the given length. */
function listen(text: string, piece: number): string[] {
  const heard: string[] = []
  let to = 0
  for (let end = piece; end < text.length + piece; end += piece) {
    const complete = end >= text.length
    const next = sentencesAfter(text.slice(0, end), to, complete, 'en')
    to = next.to
    if (next.said) heard.push(next.said)
  }
  return heard
}

test('sentences are announced one by one, each once it is whole', () => {
  expect(listen('It is in stock. It arrives on Thursday. Anything else?', 3)).toEqual([
    'It is in stock.',
    'It arrives on Thursday.',
    'Anything else?',
  ])
})

test('a list is announced line by line', () => {
  expect(listen('- **Fjell** tent\n- *Skog* tent\n', 4)).toEqual(['- Fjell tent', '- Skog tent'])
})

test('a link is announced by its text', () => {
  expect(
    listen('See [the tent](https://a.example/x). ![A photo](https://a.example/p)', 100),
  ).toEqual(['See the tent. A photo'])
})

test('the same words are heard however the text is cut', () => {
  const text = 'One two. Three four! Five\nsix seven. And the end'
  const whole = listen(text, text.length).join(' ')
  for (const piece of [1, 2, 5, 11]) expect(listen(text, piece).join(' ')).toBe(whole)
})
