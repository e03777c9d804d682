import { expect, test } from 'vitest'
import arabic from '../locales/ar.json'
import german from '../locales/de.json'
import english from '../locales/en.json'
import russian from '../locales/ru.json'
import { dayName, fill } from './locale'

test.each([
  ['ar', arabic],
  ['de', german],
  ['ru', russian],
])('%s says everything that English says, with the same values in it', (_, words) => {
  expect(Object.keys(words).sort()).toEqual(Object.keys(english).sort())
  for (const [name, text] of Object.entries(english)) {
    const values = (said: string) => (said.match(/\{\w+\}/g) ?? []).sort()
    const told = words[name as keyof typeof words]
    expect(told).not.toBe('')
    expect(values(told)).toEqual(values(text))
  }
})

test('values stand where the text names them', () => {
  expect(fill('You’re number {n} in line', { n: 3 })).toBe('You’re number 3 in line')
  expect(fill('{other}', { n: 3 })).toBe('{other}')
})

test('days are named as people say them', () => {
  const now = new Date(2026, 10, 24, 1).getTime()
  expect(dayName(new Date(2026, 10, 24, 0, 5).getTime(), now, 'en')).toBe('Today')
  expect(dayName(new Date(2026, 10, 23, 23, 55).getTime(), now, 'en')).toBe('Yesterday')
  expect(dayName(new Date(2026, 10, 23, 23, 55).getTime(), now, 'de')).toBe('Gestern')
  expect(dayName(new Date(2026, 10, 20).getTime(), now, 'en')).toBe('Fri, November 20')
  expect(dayName(new Date(2025, 10, 20).getTime(), now, 'en')).toContain('2025')
})
