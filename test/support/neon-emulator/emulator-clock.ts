/** The time of the emulator: the real one, and ahead of it by what a test has advanced. */
export class EmulatorClock {
  #ahead = 0
  readonly #sleepers = new Set<() => void>()
  readonly #watchers = new Set<() => Promise<void>>()

  now(): Date {
    return new Date(this.#time())
  }

  /** Resolves after `ms` milliseconds, or when the clock is advanced that far, or when the signal aborts. */
  async sleep(ms: number, signal: AbortSignal): Promise<void> {
    const due = this.#time() + ms
    while (!signal.aborted && this.#time() < due) {
      const { promise, resolve } = Promise.withResolvers<void>()
      const wake = () => resolve()
      const timer = setTimeout(wake, Math.max(0, due - this.#time()))
      this.#sleepers.add(wake)
      signal.addEventListener('abort', wake, { once: true })
      await promise
      clearTimeout(timer)
      this.#sleepers.delete(wake)
      signal.removeEventListener('abort', wake)
    }
  }

  /** Lets `ms` milliseconds pass at once; resolves when what that made due is done: branches that expire, projects that go. */
  async advance(ms: number): Promise<void> {
    this.#ahead += ms
    // Each looks whether its time has come, and sleeps on for what is left.
    for (const wake of this.#sleepers) wake()
    for (const watcher of this.#watchers) await watcher()
  }

  /** Calls this whenever the clock is advanced. */
  onAdvance(watcher: () => Promise<void>): void {
    this.#watchers.add(watcher)
  }

  #time(): number {
    return Date.now() + this.#ahead
  }
}

/** As Neon writes times: RFC 3339, whole seconds. */
export function formatTime(time: Date): string {
  return time.toISOString().replace(/\.\d+Z$/, 'Z')
}
