/**
 * Checks of what comes in over postMessage: a shape names each member that a
 * message has and how it is checked. Members without a check are not part of
 * the message's type, and so are never looked at.
 */

export type Check<T> = (value: unknown) => value is T
type Shape = Readonly<Record<string, Check<unknown>>>
export type Shapes = Readonly<Record<string, Shape>>

type Checked<C> = C extends Check<infer T> ? T : never

/** The union of messages that a table of shapes describes; `kind` names the row. */
export type Said<S extends Shapes> = {
  [K in keyof S & string]: { kind: K } & { [M in keyof S[K]]: Checked<S[K][M]> }
}[keyof S & string]

export const flag: Check<boolean> = (value): value is boolean => typeof value === 'boolean'

export const count: Check<number> = (value): value is number =>
  Number.isInteger(value) && (value as number) >= 0

/** A string of at most `most` UTF-16 units. */
export const text =
  (most: number): Check<string> =>
  (value): value is string =>
    typeof value === 'string' && value.length <= most

export const oneOf =
  <const T extends string>(...words: T[]): Check<T> =>
  (value): value is T =>
    words.indexOf(value as T) >= 0

/** Any object that is not a list. */
export const plain: Check<Record<string, unknown>> = (value): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** `data` as a message, or null where it fits no row of the table. */
export function read<S extends Shapes>(table: S, data: unknown): Said<S> | null {
  if (!plain(data) || typeof data.kind !== 'string' || !Object.hasOwn(table, data.kind)) return null
  const shape = table[data.kind] ?? {}
  return Object.keys(shape).every((member) => shape[member]?.(data[member]))
    ? (data as Said<S>)
    : null
}
