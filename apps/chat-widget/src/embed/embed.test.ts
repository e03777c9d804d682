// @vitest-environment happy-dom
import { afterEach, beforeEach, expect, test, vi } from 'vitest'

type Door = ((...call: unknown[]) => unknown) & { q?: unknown[] }
interface Page {
  securechat: Door | undefined
  securechatSettings?: unknown
  happyDOM: { settings: Settings }
}
interface Settings {
  disableIframePageLoading: boolean
  enableIframePageLoading: boolean
  fetch: { interceptor: { beforeAsyncRequest(asked: { request: Request }): Promise<Response> } }
}
const page = window as unknown as Page
/** Every address that was asked for; each is answered with an empty page. */
const requested: string[] = []

/** What stands along the window's bottom. */
let bars: Element[] = []

beforeEach(() => {
  bars = []
  document.elementsFromPoint = () => bars
  vi.stubGlobal('visualViewport', Object.assign(new EventTarget(), { height: 768, offsetTop: 0 }))
  requested.length = 0
  const { settings } = page.happyDOM
  settings.disableIframePageLoading = false
  settings.enableIframePageLoading = true
  settings.fetch.interceptor = {
    beforeAsyncRequest: ({ request }) => {
      requested.push(request.url)
      return Promise.resolve(new window.Response(''))
    },
  }
  sessionStorage.clear()
  localStorage.clear()
})

afterEach(() => {
  page.securechat?.('destroy')
  delete page.securechatSettings
  document.body.replaceChildren()
})

/** Pastes the snippet and lets the loader run. */
async function paste(
  attributes: Record<string, string> = { 'data-site': 'pk_test' },
): Promise<void> {
  const script = document.createElement('script')
  script.type = 'text/plain'
  script.setAttribute('src', 'https://chat.example/embed.js')
  for (const [name, value] of Object.entries(attributes)) script.setAttribute(name, value)
  document.body.append(script)
  vi.resetModules()
  await import('./embed')
}

const call: Door = (...given) => page.securechat?.(...given)
const hosts = () => document.querySelectorAll('secure-chat')
const shadow = () => hosts()[0]?.shadowRoot as ShadowRoot
const launcher = () => shadow().querySelector('.launcher') as HTMLButtonElement
const frame = () => shadow().querySelector('iframe')
const isOpen = () => hosts()[0]?.hasAttribute('data-open')

test('before intent nothing is requested and nothing is kept', async () => {
  await paste()
  expect(launcher().hidden).toBe(false)
  launcher().focus()
  window.dispatchEvent(new Event('scroll'))
  expect(frame()).toBeNull()
  expect(requested).toEqual([])
  expect(shadow().querySelector('iframe, img, link, script, style')).toBeNull()
  expect(sessionStorage.length + localStorage.length).toBe(0)
  expect(document.cookie).toBe('')
})

test('the launcher is a button with a name and a state', async () => {
  await paste()
  expect(launcher().tagName).toBe('BUTTON')
  expect(launcher().ariaLabel).toBe('Open chat')
  expect(launcher().ariaExpanded).toBe('false')
  launcher().click()
  expect(launcher().ariaExpanded).toBe('true')
})

test('the first click makes the frame, with as few rights as it needs', async () => {
  await paste()
  launcher().click()
  const made = frame()
  expect(made?.src).toBe('https://chat.example/widget/pk_test')
  expect(made?.getAttribute('sandbox')?.split(' ').sort()).toEqual([
    'allow-forms',
    'allow-popups',
    'allow-popups-to-escape-sandbox',
    'allow-same-origin',
    'allow-scripts',
  ])
  expect(made?.getAttribute('referrerpolicy') ?? made?.referrerPolicy).toBe('origin')
  expect(made?.getAttribute('allow')).toBe('')
  expect(made?.title).not.toBe('')
  await vi.waitFor(() => expect(requested).toEqual(['https://chat.example/widget/pk_test']))
})

test('calls made before the loader came are done in order', async () => {
  const heard: string[] = []
  const stub: Door = (...given) => void stub.q?.push(given)
  stub.q = []
  page.securechat = stub
  stub('on', 'open', () => heard.push('open'))
  stub('open')
  await paste()
  expect(isOpen()).toBe(true)
  expect(heard).toEqual(['open'])
})

test('calls wait for a site that is named later', async () => {
  await paste({ 'data-site': '' })
  call('open')
  expect(hosts()).toHaveLength(0)
  call('init', { site: 'pk_late' })
  expect(isOpen()).toBe(true)
  expect(frame()?.src).toBe('https://chat.example/widget/pk_late')
})

test('init ranks over the settings object, and that over attributes', async () => {
  page.securechatSettings = { label: 'from settings', position: 'left' }
  await paste({
    'data-site': 'pk_test',
    'data-label': 'from attributes',
    'data-position': 'right',
    'data-inset': '33',
  })
  const host = hosts()[0] as HTMLElement
  expect(launcher().textContent).toContain('from settings')
  expect(host.dataset.side).toBe('left')
  expect(host.style.getPropertyValue('--inset')).toBe('33px')
  call('update', { label: 'from init' })
  expect(launcher().textContent).toContain('from init')
  expect(host.dataset.side).toBe('left')
})

test('pasted twice there is one launcher, and the chat goes on', async () => {
  await paste()
  call('open')
  const door = page.securechat
  await paste()
  expect(hosts()).toHaveLength(1)
  expect(page.securechat).toBe(door)
  expect(isOpen()).toBe(true)
})

test('a framework that swaps the body leaves the chat in place', async () => {
  await paste()
  call('open')
  const made = frame()
  document.body.replaceWith(document.createElement('body'))
  expect(hosts()).toHaveLength(1)
  expect(frame()).toBe(made)
})

test('a framework that takes everything out gets the chat back', async () => {
  await paste()
  hosts()[0]?.remove()
  await vi.waitFor(() => expect(hosts()).toHaveLength(1))
})

test('an open panel is open again on the next page of this tab', async () => {
  sessionStorage.setItem('securechat:pk_test', 'open')
  await paste()
  expect(isOpen()).toBe(true)
  expect(frame()?.src).toBe('https://chat.example/widget/pk_test')
})

test('the on-screen keyboard shortens the panel', async () => {
  await paste()
  const view = Object.assign(window.visualViewport as EventTarget, { height: 400, offsetTop: 12 })
  view.dispatchEvent(new Event('resize'))
  const { style } = hosts()[0] as HTMLElement
  expect([style.getPropertyValue('--height'), style.getPropertyValue('--top')]).toEqual([
    '400px',
    '12px',
  ])
})

test('launcher and panel stay above a bar along the bottom', async () => {
  const bar = document.createElement('div')
  bar.style.position = 'sticky'
  bar.getBoundingClientRect = () => new DOMRect(0, window.innerHeight - 64, 400, 64)
  document.body.append(bar)
  bars = [bar]
  await paste()
  const raised = () => (hosts()[0] as HTMLElement).style.getPropertyValue('--raise')
  expect(raised()).toBe('64px')
  call('destroy')
  bar.getBoundingClientRect = () => new DOMRect(0, 0, 400, window.innerHeight)
  await paste()
  expect(raised()).toBe('0px')
})

test('a closed panel leaves nothing behind where nobody has talked', async () => {
  await paste()
  call('open')
  expect(sessionStorage.getItem('securechat:pk_test')).toBe('open')
  call('close')
  expect(sessionStorage.length).toBe(0)
})

test('without consent nothing is kept', async () => {
  await paste({ 'data-site': 'pk_test', 'data-consent': 'false' })
  call('open')
  expect(sessionStorage.length).toBe(0)
  call('consent', { functional: true })
  call('close')
  call('open')
  expect(sessionStorage.length).toBe(1)
})

test('what happens is told to callbacks and to the window', async () => {
  const heard: unknown[] = []
  const listen = (event: Event) => heard.push(event.type)
  window.addEventListener('securechat:open', listen)
  await paste()
  const callback = vi.fn()
  const once = vi.fn()
  call('on', 'open', callback)
  call('once', 'open', once)
  call('open')
  call('close')
  call('open')
  expect(callback).toHaveBeenCalledTimes(2)
  expect(once).toHaveBeenCalledTimes(1)
  call('off', 'open', callback)
  call('toggle')
  call('toggle')
  expect(callback).toHaveBeenCalledTimes(2)
  expect(heard).toHaveLength(3)
  window.removeEventListener('securechat:open', listen)
})

test('ready is told to those who come late', async () => {
  await paste()
  const callback = vi.fn()
  call('on', 'ready', callback)
  expect(callback).toHaveBeenCalledWith({ site: 'pk_test' })
})

test('Escape closes and gives the focus back', async () => {
  await paste()
  launcher().click()
  hosts()[0]?.dispatchEvent(new KeyboardEvent('keydown', { key: 'Escape' }))
  expect(isOpen()).toBe(false)
  expect(shadow().activeElement).toBe(launcher())
})

test('no call throws at the page', async () => {
  await paste()
  const calls: unknown[][] = [
    [],
    ['nonsense'],
    ['consent'],
    ['on'],
    ['constructor'],
    ['send'],
    ['context', () => 1],
    [Symbol.iterator],
  ]
  for (const given of calls) expect(() => call(...given)).not.toThrow()
})

test('destroy leaves nothing: no element, no listener, no key, no global', async () => {
  await paste()
  call('open')
  const told = vi.fn()
  window.addEventListener('securechat:destroyed', told, { once: true })
  const added = vi.spyOn(document.documentElement, 'append')
  call('destroy')
  expect(told).toHaveBeenCalledTimes(1)
  expect(hosts()).toHaveLength(0)
  expect(page.securechat).toBeUndefined()
  expect(sessionStorage.length).toBe(0)
  document.body.append(document.createElement('p'))
  document.documentElement.dispatchEvent(new Event('resize'))
  await Promise.resolve()
  expect(hosts()).toHaveLength(0)
  expect(added).not.toHaveBeenCalled()
  await paste()
  expect(hosts()).toHaveLength(1)
})
