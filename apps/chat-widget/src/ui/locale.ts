/** The widget's words in the visitor's language, and dates as that language writes them. */
import { createContext, useContext } from 'react'
import arabic from '../locales/ar.json?url'
import german from '../locales/de.json?url'
import english from '../locales/en.json'
import russian from '../locales/ru.json?url'

export type Words = typeof english

export interface Locale {
  /** BCP 47. */
  readonly lang: string
  readonly dir: 'ltr' | 'rtl'
  readonly words: Words
}

export const LocaleContext = createContext<Locale>({ lang: 'en', dir: 'ltr', words: english })

export function useLocale(): Locale {
  return useContext(LocaleContext)
}

/** Addresses of the words that few visitors need: fetched when they do. */
const others: Record<string, string | undefined> = { ar: arabic, de: german, ru: russian }

/** The locale of a BCP 47 tag; English words where we have no others or cannot fetch them. */
export async function loadLocale(tag: string): Promise<Locale> {
  const lang = tag.toLowerCase().split('-')[0] ?? ''
  const address = others[lang]
  const fallback: Locale = {
    lang: lang === 'en' && isKnown(tag) ? tag : 'en',
    dir: 'ltr',
    words: english,
  }
  if (!address) return fallback
  try {
    const words: Words = await (await fetch(address)).json()
    return { lang: isKnown(tag) ? tag : lang, dir: lang === 'ar' ? 'rtl' : 'ltr', words }
  } catch {
    return fallback
  }
}

/** Puts values where the text has `{name}`. */
export function fill(text: string, values: Readonly<Record<string, string | number>>): string {
  return text.replace(/\{(\w+)\}/g, (whole, name: string) => String(values[name] ?? whole))
}

/** "10:42", as the language writes it. */
export function clock(at: number, lang: string): string {
  return new Intl.DateTimeFormat(lang, { hour: 'numeric', minute: '2-digit' }).format(at)
}

/** "Today", "Yesterday" or a date; the year only where it is another one. */
export function dayName(at: number, now: number, lang: string): string {
  const day = startOfDay(at)
  const ago = Math.round((startOfDay(now) - day) / 86_400_000)
  if (ago === 0 || ago === 1) {
    const name = new Intl.RelativeTimeFormat(lang, { numeric: 'auto' }).format(-ago, 'day')
    return name.charAt(0).toLocaleUpperCase(lang) + name.slice(1)
  }
  const year =
    new Date(at).getFullYear() === new Date(now).getFullYear() ? {} : { year: 'numeric' as const }
  return new Intl.DateTimeFormat(lang, {
    weekday: 'short',
    day: 'numeric',
    month: 'long',
    ...year,
  }).format(at)
}

export function startOfDay(at: number): number {
  const date = new Date(at)
  return new Date(date.getFullYear(), date.getMonth(), date.getDate()).getTime()
}

function isKnown(tag: string): boolean {
  try {
    return Intl.DateTimeFormat.supportedLocalesOf(tag).length > 0
  } catch {
    return false
  }
}
