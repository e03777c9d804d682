export interface Backoff {
  /** Milliseconds; the first wait is at most this long. */
  readonly base: number
  /** Milliseconds; no wait is longer. */
  readonly cap: number
}

/**
 * Milliseconds to wait before the attempt after `failures` failures in a row
 * (1, 2, 3 …): anywhere between nothing and a ceiling that doubles, so that
 * clients cut off at the same moment do not come back at the same moment.
 * `random` gives a number from 0 up to, but not including, 1.
 */
export function backoff(failures: number, { base, cap }: Backoff, random: () => number): number {
  const ceiling = Math.min(cap, base * 2 ** (failures - 1))
  return Math.floor(random() * ceiling)
}
