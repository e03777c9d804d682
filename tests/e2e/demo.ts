import { afterAll, afterEach, beforeAll, expect } from 'vitest'
import { openSecurechat, type Securechat } from '../securechat.ts'
import { openShopper, type Shopper } from './browser.ts'

/** The demo shop, and people who come to it. */
export interface Demo {
  /** Where the chat lives; the shop is the same server by another name, so that the two are cross-site. */
  chat: string
  shop: string
  server: Securechat
  /** Somebody new, who stands before the catalogue. */
  shopper(...habits: Parameters<typeof openShopper>): Promise<Shopper>
}

/** Starts the demo for the tests of one file. At the end of each nobody may have complained. */
export function useDemo(): Demo {
  const demo = {} as Demo
  const here = new Set<Shopper>()
  beforeAll(async () => {
    demo.server = await openSecurechat(['--demo'])
    demo.chat = demo.server.address
    demo.shop = demo.chat.replace('127.0.0.1', 'localhost')
    demo.shopper = async (...habits) => {
      const shopper = await openShopper(...habits)
      here.add(shopper)
      await shopper.page.goto(`${demo.shop}/demo/`)
      return shopper
    }
  })
  afterEach(async () => {
    const complaints = [...here].flatMap((shopper) => shopper.complaints)
    await Promise.all([...here].map((shopper) => shopper.close()))
    here.clear()
    expect(complaints).toEqual([])
  })
  afterAll(() => demo.server?.close())
  return demo
}

/** The demo agent's answer to "long n". */
export function words(n: number): string {
  return Array.from({ length: n }, (_, i) => `w${i}`).join(' ')
}
