/** What can go wrong with a call. `loseRequest`: the connection ends before the work; `loseResponse`: after it was done. */
export type CallFault =
  | 'locked'
  | 'unavailable'
  | 'cloudflare'
  | 'loseRequest'
  | 'loseResponse'
  | 'hang'
  | 'notFound'
  | { readonly tooMany: { readonly retryAfter?: number | Date } }

/** How an operation goes wrong; the work of one that `stays` failed, or is cancelled, is never done. */
export type OperationFault = 'recovers' | 'stays' | 'cancelled' | 'skipped'

/** Which computes a fault of the data plane is for: those of an endpoint, or all that there are. */
export interface ComputeChoice {
  readonly endpointId?: string
}

/** What the control plane lends to the switches. */
export interface FaultTargets {
  checkAvailability(projectId: string): void
  refuse(choice: ComputeChoice, text: string | undefined, times: number | undefined): void
  cut(choice: ComputeChoice): Promise<void>
  neverWakes(choice: ComputeChoice, on: boolean): void
}

/** What operations ask the faults. */
export interface OperationFaults {
  takeFailure(action: string): OperationFault | undefined
  /** In milliseconds. */
  takeDelay(action: string): number
}

interface Rule<T> {
  readonly on: string | undefined
  readonly value: T
  left: number
}

/** The switches of a test. */
export class Faults implements OperationFaults {
  readonly #calls: Rule<CallFault>[] = []
  readonly #failures: Rule<OperationFault>[] = []
  readonly #delays: Rule<number>[] = []
  readonly #omitted = new Set<string>()
  readonly #targets: FaultTargets
  #coldStartMs: number

  constructor(targets: FaultTargets, coldStartMs: number) {
    this.#targets = targets
    this.#coldStartMs = coldStartMs
  }

  /** The next calls of this client method, or of any, meet this fault. Once, unless `times` says how often. */
  next({
    call,
    times = 1,
    fault,
  }: {
    readonly call?: string
    readonly times?: number
    readonly fault: CallFault
  }): void {
    this.#calls.push({ on: call, value: fault, left: times })
  }

  /** So many calls of this client method, or of any, are answered 404. */
  notFoundFor(times: number, call?: string): void {
    this.#calls.push({ on: call, value: 'notFound', left: times })
  }

  /** The next operation with this action, or with any, goes wrong in this way. */
  failOperation({ action, how, times = 1 }: { action?: string; how: OperationFault; times?: number }): void {
    this.#failures.push({ on: action, value: how, left: times })
  }

  /** The next operation with this action, or with any, takes so many milliseconds longer. */
  slowOperation(ms: number, { action, times = 1 }: { action?: string; times?: number } = {}): void {
    this.#delays.push({ on: action, value: ms, left: times })
  }

  /** Lists of projects leave these out, and name them as unavailable. */
  listOmits(ids: Iterable<string>): void {
    for (const id of ids) this.#omitted.add(id)
  }

  /** Neon looks after the project by itself, which conflicts with mutations. */
  checkAvailability(projectId: string): void {
    this.#targets.checkAvailability(projectId)
  }

  /** How long the first connection after a suspension waits from now on, in milliseconds. */
  coldStart(ms: number): void {
    this.#coldStartMs = ms
  }

  /** New connections are refused with this text and SQLSTATE XX000; undefined: no more. */
  refuse(text: string | undefined, { times, ...choice }: ComputeChoice & { readonly times?: number } = {}): void {
    this.#targets.refuse(choice, text, times)
  }

  /** Ends the sessions with 57P01. */
  cut(choice: ComputeChoice = {}): Promise<void> {
    return this.#targets.cut(choice)
  }

  /** New connections get no answer while this is on. */
  neverWakes(on = true, choice: ComputeChoice = {}): void {
    this.#targets.neverWakes(choice, on)
  }

  /** Ends what has not yet come to pass, except for what computes were told. */
  clear(): void {
    for (const rules of [this.#calls, this.#failures, this.#delays]) rules.length = 0
    this.#omitted.clear()
  }

  get coldStartMs(): number {
    return this.#coldStartMs
  }

  /** Whether lists leave this project out. */
  omits(id: string): boolean {
    return this.#omitted.has(id)
  }

  takeCallFault(call: string): CallFault | undefined {
    return take(this.#calls, call)
  }

  takeFailure(action: string): OperationFault | undefined {
    return take(this.#failures, action)
  }

  takeDelay(action: string): number {
    return take(this.#delays, action) ?? 0
  }
}

/** The oldest rule that fits, used once. */
function take<T>(rules: Rule<T>[], name: string): T | undefined {
  const index = rules.findIndex(({ on }) => on === undefined || on === name)
  const rule = rules[index]
  if (!rule) return undefined
  rule.left -= 1
  if (rule.left <= 0) rules.splice(index, 1)
  return rule.value
}
