import { describe, expect, test } from 'vitest'
import { contrast, parseColour, type Rgb } from './bridge/contrast'
import { paintFrom } from './paint'

const rgb = (text: string) => parseColour(text) as Rgb
const brands = [
  '#2f5bea',
  '#ffffff',
  '#000000',
  '#f5c518',
  '#ff6600',
  '#0b3d2e',
  '#7f7f7f',
  '#ff0000',
  '#00ff00',
  '#767676',
]

describe('whatever the brand, everything can be read', () => {
  test.each(brands)('%s', (brand) => {
    const paint = paintFrom(brand)
    expect(contrast(rgb(paint.fill), rgb(paint.onFill))).toBeGreaterThanOrEqual(4.5)
    expect(contrast(rgb(paint.inkOnLight), [255, 255, 255])).toBeGreaterThanOrEqual(4.5)
    expect(contrast(rgb(paint.inkOnDark), [20, 22, 27])).toBeGreaterThanOrEqual(4.5)
  })
})

test('a brand that can be read already is left alone', () => {
  expect(paintFrom('#2f5bea').fill).toBe('#2f5bea')
  expect(paintFrom('#f5c518').fill).toBe('#f5c518')
})

test('what is no colour gives way to the standard one', () => {
  for (const text of ['', 'red', '#fff', 'url(https://evil.example)'])
    expect(paintFrom(text)).toEqual(paintFrom('#2f5bea'))
})
