/** The time of the emulator: the real one, and ahead of it by what a test has advanced. */
export class EmulatorClock {
  #ahead = 0
  readonly #sleepers = new Set<{ readonly due: number; readonly wake: () => void }>()
  readonly #watchers = new Set<() => Promise<void>>()

  now(): Date {
    return new Date(this.#time())
  }

  /** Resolves after `ms` milliseconds, or when the clock is advanced that far, or when the signal aborts. */
  sleep(ms: number, signal: AbortSignal): Promise<void> {
    if (signal.aborted) return Promise.resolve()
    const { promise, resolve } = Promise.withResolvers<void>()
    const sleeper = { due: this.#time() + ms, wake: () => resolve() }
    const wake = () => resolve()
    const timer = setTimeout(wake, ms)
    this.#sleepers.add(sleeper)
    signal.addEventListener('abort', wake, { once: true })
    return promise.finally(() => {
      clearTimeout(timer)
      this.#sleepers.delete(sleeper)
      signal.removeEventListener('abort', wake)
    })
  }

  /** Lets `ms` milliseconds pass at once; resolves when what that made due is done: branches that expire, projects that go. */
  async advance(ms: number): Promise<void> {
    this.#ahead += ms
    for (const { due, wake } of this.#sleepers) if (due <= this.#time()) wake()
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
