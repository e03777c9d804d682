/**
 * The speed at which an answer's text reaches the eye. Text arrives in bursts;
 * a little of the backlog is shown with every frame, so that it flows, and
 * never falls behind by more than a moment.
 */

/** Frames within which the backlog would be shown. */
const frames = 14
const least = 2
/** Bounds the work of one frame for whole answers that come at once. */
const most = 4000

/** How many UTF-16 units to show in the next frame. */
export function stride(backlog: number): number {
  return Math.min(most, Math.max(least, Math.ceil(backlog / frames)))
}

/** The end of the stretch that begins at `from`, never between the halves of one character. */
export function wholeStretch(text: string, from: number, length: number): number {
  const end = Math.min(text.length, from + length)
  const code = text.charCodeAt(end - 1)
  return end < text.length && code >= 0xd800 && code <= 0xdbff ? end + 1 : end
}
