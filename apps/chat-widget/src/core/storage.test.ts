import { expect, test } from 'vitest'
import { MemoryArea } from '../../test/browser-parts'
import { createStorage } from './storage'

test('what is kept is there for the next page, under the prefix only', () => {
  const area = new MemoryArea()
  area.setItem('the shop’s own', 'x')
  createStorage(() => area, 'a:').set('draft', 'text')
  const next = createStorage(() => area, 'a:')
  expect(next.get('draft')).toBe('text')
  expect(next.keys()).toEqual(['draft'])
  expect(createStorage(() => area, 'b:').get('draft')).toBeNull()
  next.remove('draft')
  expect(area.length).toBe(1)
})

test('where the browser denies storage it is kept as long as the page', () => {
  const denied = () => {
    throw new DOMException('denied', 'SecurityError')
  }
  const storage = createStorage(denied, 'a:')
  storage.set('draft', 'text')
  expect(storage.get('draft')).toBe('text')
  expect(storage.keys()).toEqual(['draft'])
  storage.remove('draft')
  expect(storage.get('draft')).toBeNull()
})

test('what does not fit any more is kept in memory, and the old text is not taken for it', () => {
  const area = new MemoryArea()
  const storage = createStorage(() => area, 'a:')
  storage.set('draft', 'old')
  area.setItem = () => {
    throw new DOMException('full', 'QuotaExceededError')
  }
  storage.set('draft', 'new')
  expect(storage.get('draft')).toBe('new')
  expect(storage.keys()).toEqual(['draft'])
})

test('a change made by another tab is seen', () => {
  const area = new MemoryArea()
  const [one, two] = [createStorage(() => area, 'a:'), createStorage(() => area, 'a:')]
  one.set('token', 'first')
  two.set('token', 'second')
  expect(one.get('token')).toBe('second')
})

test('moving into the page empties the browser, and moving back fills it', () => {
  const area = new MemoryArea()
  const storage = createStorage(() => area, 'a:')
  storage.set('draft', 'text')
  storage.keepIn('page')
  expect(area.length).toBe(0)
  storage.set('more', 'text')
  expect(area.length).toBe(0)
  expect(storage.keys()).toEqual(['draft', 'more'])
  storage.keepIn('browser')
  expect(area.length).toBe(2)
})
