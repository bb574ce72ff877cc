import { randomUUID } from 'node:crypto'
import type { EmulatorClock } from './emulator-clock.ts'
import { locked } from './errors.ts'
import type { OperationFaults } from './faults.ts'
import type { Operation, OperationStatus, Project } from './model.ts'

/** One operation of a mutation: what Neon calls it, and what it does when its time has come. */
export interface Step {
  readonly action: string
  readonly branchId?: string | undefined
  readonly endpointId?: string | undefined
  readonly work?: (() => Promise<void>) | undefined
  /** What the first try, in the request itself, failed with. */
  readonly failedWith?: Error | undefined
}

const TERMINAL: ReadonlySet<OperationStatus> = new Set(['finished', 'error', 'cancelled', 'skipped'])

/** Waits so many milliseconds more. */
type Pace = (ms: number) => Promise<void>

/** How often an operation is tried before it is an `error`. */
const TRIES = 3

/** Neon's asynchronous work: each mutation answers with operations, which then run one after another. */
export class Operations {
  readonly #clock: EmulatorClock
  readonly #faults: OperationFaults
  readonly #operationMs: number
  readonly #stopping = new AbortController()
  readonly #running = new Map<string, Set<Promise<void>>>()

  constructor(clock: EmulatorClock, faults: OperationFaults, operationMs: number) {
    this.#clock = clock
    this.#faults = faults
    this.#operationMs = operationMs
  }

  isBusy(project: Project): boolean {
    return project.isMutating || project.operations.some((it) => it.conflicts && !TERMINAL.has(it.status))
  }

  /** Whether an operation of the endpoint runs, also one that others may run beside: somebody wakes it. */
  isMoving(project: Project, endpointId: string): boolean {
    return project.operations.some((it) => it.endpointId === endpointId && !TERMINAL.has(it.status))
  }

  /** Lends the project to one mutation. @throws NeonError 423 while another one is at work or its operations run */
  async mutate<T>(project: Project, change: () => Promise<T>): Promise<T> {
    if (this.isBusy(project)) throw locked()
    project.isMutating = true
    try {
      return await change()
    } finally {
      project.isMutating = false
    }
  }

  /** Begins these operations, in their order; the rest of them is cancelled when one ends in an error. */
  schedule(project: Project, steps: readonly Step[], { conflicts = true } = {}): readonly Operation[] {
    const now = this.#clock.now()
    const planned = steps.map((step) => ({
      step,
      operation: {
        id: randomUUID(),
        projectId: project.id,
        branchId: step.branchId,
        endpointId: step.endpointId,
        action: step.action,
        status: 'scheduling',
        error: undefined,
        failures: 0,
        retryAt: undefined,
        createdAt: now,
        updatedAt: now,
        conflicts,
      } as Operation,
    }))
    const operations = planned.map((it) => it.operation)
    project.operations.push(...operations)
    const running = this.#running.get(project.id) ?? new Set()
    this.#running.set(project.id, running)
    const run = this.#runAll(planned).finally(() => running.delete(run))
    running.add(run)
    return operations
  }

  /** Resolves when no operation of the project runs; of any project, if none is named. */
  async settled(projectId?: string): Promise<void> {
    const runs = () =>
      projectId === undefined
        ? [...this.#running.values()].flatMap((it) => [...it])
        : [...(this.#running.get(projectId) ?? [])]
    for (let left = runs(); left.length > 0; left = runs()) await Promise.all(left)
  }

  /** Begins nothing more, and waits for what is at work. */
  async stop(): Promise<void> {
    this.#stopping.abort()
    await this.settled()
  }

  async #runAll(planned: readonly { step: Step; operation: Operation }[]): Promise<void> {
    const pace = this.#paceFrom(this.#clock.now())
    for (const { step, operation } of planned) {
      await this.#run(step, operation, pace)
      if (this.#stopping.signal.aborted) return
      if (operation.status === 'error' || operation.status === 'cancelled') break
    }
    for (const { operation } of planned) if (!TERMINAL.has(operation.status)) this.#set(operation, 'cancelled')
  }

  async #run({ work, failedWith }: Step, operation: Operation, pace: Pace): Promise<void> {
    const fault = this.#faults.takeFailure(operation.action)
    await pace(this.#operationMs / 2)
    if (fault === 'skipped') return this.#perform(work, operation, 'skipped')
    this.#set(operation, 'running')
    await pace(this.#operationMs / 2 + this.#faults.takeDelay(operation.action))
    if (fault === 'cancelled') {
      this.#set(operation, 'cancelling')
      await pace(this.#operationMs / 2)
      return this.#set(operation, 'cancelled')
    }
    let isFailing = fault !== undefined || failedWith !== undefined
    if (failedWith) operation.error = failedWith.message
    while (!this.#stopping.signal.aborted) {
      if (!isFailing) await this.#perform(work, operation, 'finished')
      if (operation.status === 'finished') return
      operation.error ??= 'the operation failed'
      operation.failures += 1
      if (operation.failures >= TRIES) return this.#set(operation, 'error')
      operation.retryAt = new Date(this.#clock.now().getTime() + this.#operationMs)
      this.#set(operation, 'failed')
      await pace(this.#operationMs)
      this.#set(operation, 'running')
      isFailing = fault === 'stays'
    }
  }

  async #perform(work: Step['work'], operation: Operation, then: 'finished' | 'skipped'): Promise<void> {
    if (this.#stopping.signal.aborted) return
    try {
      await work?.()
      operation.error = undefined
      operation.retryAt = undefined
      this.#set(operation, then)
    } catch (error) {
      operation.error = error instanceof Error ? error.message : String(error)
    }
  }

  #set(operation: Operation, status: OperationStatus): void {
    operation.status = status
    operation.updatedAt = this.#clock.now()
  }

  /** Each wait begins where the one before was to end, so that a clock that is advanced at once brings all of them to pass. */
  #paceFrom(start: Date): Pace {
    let due = start.getTime()
    return (ms) => {
      due += ms
      return this.#clock.sleep(due - this.#clock.now().getTime(), this.#stopping.signal)
    }
  }
}
