import { describe, expect, test } from 'vitest'
import { normalOrigin, originAllowed } from './origins'

describe('an origin fits the list', () => {
  test.each([
    ['https://shop.example', 'https://shop.example'],
    ['https://shop.example:443', 'https://shop.example'],
    ['https://shop.example', 'https://shop.example:443'],
    ['http://localhost:8080', 'http://localhost:8080'],
    ['https://SHOP.example', 'https://shop.example'],
    ['https://eu.shop.example', 'https://*.shop.example'],
    ['https://eu.shop.example:8443', 'https://*.shop.example:8443'],
    ['https://xn--mnchen-3ya.example', 'https://münchen.example'],
  ])('%s by %s', (origin, entry) => {
    expect(originAllowed(origin, [entry])).toBe(true)
  })
})

describe('an origin does not fit the list', () => {
  test.each([
    ['https://shop.example.evil', 'https://shop.example'],
    ['https://evilshop.example', 'https://shop.example'],
    ['http://shop.example', 'https://shop.example'],
    ['https://shop.example:8443', 'https://shop.example'],
    ['https://shop.example.', 'https://shop.example'],
    ['https://shop.example/', 'https://shop.example'],
    ['https://user@shop.example', 'https://shop.example'],
    ['null', 'https://shop.example'],
    ['', 'https://shop.example'],
    ['https://shop.example', 'https://*.shop.example'],
    ['https://a.b.shop.example', 'https://*.shop.example'],
    ['https://.shop.example', 'https://*.shop.example'],
    ['http://eu.shop.example', 'https://*.shop.example'],
    ['https://eu.shop.example:8443', 'https://*.shop.example'],
    ['https://eushop.example', 'https://*.shop.example'],
    ['https://shop.example', '*'],
    ['https://shop.example', 'https://*'],
    ['https://shop.example', ''],
  ])('%s by %s', (origin, entry) => {
    expect(originAllowed(origin, [entry])).toBe(false)
  })

  test('when the list is empty', () => {
    expect(originAllowed('https://shop.example', [])).toBe(false)
  })
})

test('only http and https have a normal form', () => {
  for (const text of [
    'data:text/html,x',
    'javascript:alert(1)',
    'file:///etc',
    'blob:https://a.example/1',
    'shop.example',
  ])
    expect(normalOrigin(text)).toBe('')
})
