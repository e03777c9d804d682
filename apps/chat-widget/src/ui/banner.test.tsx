// @vitest-environment happy-dom
import { act } from 'preact/test-utils'
import { createRoot } from 'react-dom/client'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import type { Notice, View } from '../core/view'
import { LineBanner, NoticeBanner } from './banner'

const live: View = {
  phase: 'live',
  site: null,
  messages: [],
  turn: null,
  more: false,
  resumed: false,
  notice: null,
}

beforeEach(() => vi.useFakeTimers({ now: 0 }))
afterEach(() => vi.useRealTimers())

function mount() {
  const box = document.createElement('div')
  const root = createRoot(box)
  return {
    text: () => box.textContent,
    line: (view: Partial<View>) =>
      void act(() => root.render(<LineBanner view={{ ...live, ...view }} />)),
    notice: (notice: Notice | null) =>
      void act(() => root.render(<NoticeBanner notice={notice} />)),
    pass: (ms: number) => void act(() => void vi.advanceTimersByTime(ms)),
  }
}

test('a short break of the line is not worth a word', () => {
  const { line, text, pass } = mount()
  line({ phase: 'reconnecting' })
  pass(300)
  expect(text()).toBe('')
  pass(400)
  expect(text()).toContain('Reconnecting')
  line({ phase: 'live' })
  expect(text()).toBe('')
})

test('after too many messages the seconds are counted down', () => {
  const { notice, text, pass } = mount()
  notice({ kind: 'rate-limited', until: 3000 })
  expect(text()).toContain('3\u00a0s')
  pass(1500)
  expect(text()).toContain('2\u00a0s')
  pass(1600)
  expect(text()).toBe('')
})
