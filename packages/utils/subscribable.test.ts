import { expect, test } from 'vitest'
import { Subscribable } from './subscribable.ts'

test('listeners are told until they leave', () => {
  const source = new Subscribable()
  const told: string[] = []
  const leave = source.subscribe(() => told.push('first'))
  source.subscribe(() => told.push('second'))
  source.notify()
  leave()
  leave()
  source.notify()
  expect(told).toEqual(['first', 'second', 'second'])
})

test('one that subscribes twice is told twice and leaves once', () => {
  const source = new Subscribable()
  let told = 0
  const listener = () => told++
  source.subscribe(listener)
  source.subscribe(listener)()
  source.notify()
  expect(told).toBe(1)
})

test('a listener may leave or come while others are told', () => {
  const source = new Subscribable()
  const told: string[] = []
  const leave = source.subscribe(() => {
    leave()
    source.subscribe(() => told.push('late'))
    told.push('first')
  })
  source.subscribe(() => told.push('second'))
  source.notify()
  expect(told).toEqual(['first', 'second'])
})
