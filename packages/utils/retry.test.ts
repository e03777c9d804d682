import { expect, test } from 'vitest'
import { backoff } from './retry.ts'

const bounds = { base: 1000, cap: 30_000 }
const almostOne = () => 1 - Number.EPSILON

test('the ceiling doubles with each failure and stops at the cap', () => {
  const ceilings = [1, 2, 3, 4, 5, 6, 7, 60, 2000].map((n) => backoff(n, bounds, almostOne) + 1)
  expect(ceilings).toEqual([1000, 2000, 4000, 8000, 16_000, 30_000, 30_000, 30_000, 30_000])
})

test('the wait is spread from nothing to the ceiling', () => {
  expect(backoff(3, bounds, () => 0)).toBe(0)
  expect(backoff(3, bounds, () => 0.5)).toBe(2000)
})
