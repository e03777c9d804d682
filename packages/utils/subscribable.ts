/** Tells its listeners that something changed; they come and look for themselves. */
export class Subscribable {
  readonly #listeners = new Set<() => void>()

  /** Calls the listener after every change, until the returned function is called. */
  readonly subscribe = (listener: () => void): (() => void) => {
    // A wrapper, so that a listener that subscribes twice is told twice and leaves once.
    const entry = () => listener()
    this.#listeners.add(entry)
    return () => void this.#listeners.delete(entry)
  }

  notify(): void {
    for (const listener of [...this.#listeners]) listener()
  }
}
