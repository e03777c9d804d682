/** Turns a site's one brand colour into colours that can be read (WCAG 2.2 AA). */
import { contrast, luminance, parseColour, type Rgb } from './bridge/contrast'

const white: Rgb = [255, 255, 255]
const black: Rgb = [17, 18, 22]
const night: Rgb = [20, 22, 27]
const readable = 4.5
const standard: Rgb = [47, 91, 234]

export interface Paint {
  /** Behind text in `onFill`. */
  readonly fill: string
  readonly onFill: string
  /** The accent as text on the light and on the dark ground. */
  readonly inkOnLight: string
  readonly inkOnDark: string
}

/** Colours from "#rrggbb"; darker or lighter than the brand only as far as reading needs. */
export function paintFrom(accent: string): Paint {
  const brand = parseColour(accent) ?? standard
  // A light brand keeps its colour and takes dark text; any other is darkened for white.
  const light = luminance(brand) > 0.4
  const fill = light ? brand : until(brand, black, (colour) => contrast(colour, white) >= readable)
  return {
    fill: css(fill),
    onFill: light ? css(black) : '#ffffff',
    inkOnLight: css(until(brand, black, (colour) => contrast(colour, white) >= readable + 0.5)),
    inkOnDark: css(until(brand, white, (colour) => contrast(colour, night) >= readable + 1)),
  }
}

/** Puts the colours, the theme and the language on the document. */
export function dress(
  root: HTMLElement,
  accent: string,
  theme: string,
  lang: string,
  dir: string,
): void {
  const paint = paintFrom(accent)
  root.style.setProperty('--fill', paint.fill)
  root.style.setProperty('--on-fill', paint.onFill)
  root.style.setProperty('--ink-on-light', paint.inkOnLight)
  root.style.setProperty('--ink-on-dark', paint.inkOnDark)
  root.dataset.theme = theme
  root.lang = lang
  root.dir = dir
}

/** The first colour on the way to `end` that will do. */
function until(start: Rgb, end: Rgb, does: (colour: Rgb) => boolean): Rgb {
  for (let share = 0; share < 1; share += 0.03) {
    const colour = start.map((part, at) =>
      Math.round(part + ((end[at] ?? 0) - part) * share),
    ) as unknown as Rgb
    if (does(colour)) return colour
  }
  return end
}

function css(colour: Rgb): string {
  return `#${colour.map((part) => part.toString(16).padStart(2, '0')).join('')}`
}
