/** What the shop's page may set: `securechat('init', {…})` over `window.securechatSettings` over `data-…`. */

type Flag = boolean | 'true' | 'false'
type Amount = number | string

export interface Settings {
  site: string
  /** Origin that serves the frame; that of the script unless set. */
  base: string
  lang: string
  theme: '' | 'auto' | 'light' | 'dark'
  position: '' | 'left' | 'right'
  /** "#rrggbb", or '' for the site's own. */
  accent: string
  /** Text beside the icon; turns the circle into a pill. */
  label: string
  /** Whether the launcher is drawn at all. */
  launcher: Flag
  zIndex: Amount
  /** Pixels from the window's side and bottom. */
  inset: Amount
  bottom: Amount
  /** Text of a card beside the launcher, dismissed once a tab; '' for none. */
  teaser: string
  /** Seconds before that card. */
  teaserDelay: Amount
  /** Whether things may be stored; "false" until `securechat('consent', { functional: true })`. */
  consent: Flag
}

const standard: Settings = {
  site: '',
  base: '',
  lang: 'auto',
  theme: '',
  position: '',
  accent: '',
  label: '',
  launcher: true,
  zIndex: 2147483000,
  inset: 20,
  bottom: 20,
  teaser: '',
  teaserDelay: 8,
  consent: true,
}

export type Given = Partial<Settings> | DOMStringMap | undefined

/** Settings from sources of rising rank; what no source sets has its default. */
export function settle(...sources: Given[]): Settings {
  return Object.assign({}, standard, ...sources)
}

/** Attributes are text, scripts say true and false: either may be meant. */
export function isOn(flag: Flag): boolean {
  return String(flag) !== 'false'
}
