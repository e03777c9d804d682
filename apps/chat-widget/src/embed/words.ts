/** The few words that the loader says before the frame is there to say its own. */

export type Words = readonly [open: string, close: string]

const english: Words = ['Open chat', 'Close']

const tables: Record<string, Words | undefined> = {
  de: ['Chat öffnen', 'Schließen'],
  ru: ['Открыть чат', 'Закрыть'],
  ar: ['فتح الدردشة', 'إغلاق'],
}

/** The words of a BCP 47 language; English where we have no others. */
export function wordsFor(lang: string): Words {
  return tables[lang.slice(0, 2)] ?? english
}

/** The page's language where the setting is "auto". */
export function languageOf(setting: string): string {
  return setting && setting !== 'auto'
    ? setting
    : document.documentElement.lang || navigator.language
}
