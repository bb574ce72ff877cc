/** One call that was answered, or whose connection was ended. */
export interface Call {
  /** The client's method, such as `createProject`. */
  readonly call: string
  readonly method: string
  /** As in the specification, such as `/projects/{project_id}`. */
  readonly route: string
  /** undefined: there was no answer. */
  readonly status: number | undefined
}

/** How many calls there may be; Neon's own figures, unless a test scales them down. */
export interface RateLimit {
  readonly perMinute: number
  /** For each route. */
  readonly perSecond: number
}

export const NEON_RATE_LIMIT: RateLimit = { perMinute: 700, perSecond: 40 }

/** Counts the calls that arrive, and how many there were within any second and any minute. */
export class Calls {
  readonly #counts = new Map<string, number>()
  readonly #log: Call[] = []
  readonly #minute: number[] = []
  readonly #seconds = new Map<string, number[]>()
  #greatestPerMinute = 0
  #greatestPerSecond = 0

  /** All calls since the start or the last `reset`, in the order of their ends. */
  get log(): readonly Call[] {
    return this.#log
  }

  get total(): number {
    return [...this.#counts.values()].reduce((sum, it) => sum + it, 0)
  }

  /** How often this client method was called. */
  count(call: string): number {
    return this.#counts.get(call) ?? 0
  }

  /** The most calls within any 60 seconds. */
  get greatestPerMinute(): number {
    return this.#greatestPerMinute
  }

  /** The most calls of one route within any second. */
  get greatestPerSecond(): number {
    return this.#greatestPerSecond
  }

  /** Forgets what was counted. */
  reset(): void {
    this.#counts.clear()
    this.#seconds.clear()
    this.#log.length = 0
    this.#minute.length = 0
    this.#greatestPerMinute = 0
    this.#greatestPerSecond = 0
  }

  /** Counts a call that arrives at `time`, in milliseconds, and returns whether it is within the limit. */
  arrive(call: string, time: number, limit: RateLimit | undefined): boolean {
    const second = this.#seconds.get(call) ?? []
    this.#seconds.set(call, second)
    this.#counts.set(call, this.count(call) + 1)
    const inMinute = push(this.#minute, time, 60_000)
    const inSecond = push(second, time, 1000)
    this.#greatestPerMinute = Math.max(this.#greatestPerMinute, inMinute)
    this.#greatestPerSecond = Math.max(this.#greatestPerSecond, inSecond)
    return !limit || (inMinute <= limit.perMinute && inSecond <= limit.perSecond)
  }

  end(call: Call): void {
    this.#log.push(call)
  }
}

/** Appends to a window and drops what has left it; returns how many are in it. */
function push(times: number[], time: number, length: number): number {
  times.push(time)
  const first = times.findIndex((it) => it > time - length)
  times.splice(0, first)
  return times.length
}
