/** One tenant to be migrated within one rollout. Plain data, so that it can leave the process. */
export interface Task {
  readonly rolloutId: number
  readonly tenantId: string
  readonly server: string
  /** Of the driver that offers it: claims and results with another one are refused. */
  readonly epoch: number
  /** Whether it runs a recorded migration that still has to be proven. */
  readonly proves: boolean
  /** Recorded migrations that are not to be sent as recorded: not proven yet, or not any more. */
  readonly live: readonly string[]
}

/** How many tasks may run at the same time. */
export interface EngineLimits {
  readonly atOnce: number
  /** On one server. */
  readonly perServer: number
}

/** Decides where tasks run. It knows nothing of waves, budgets or databases. */
export interface Engine {
  /** Starts taking tasks. `run` must bear being repeated: the process may have died the first time. */
  start(run: (task: Task) => Promise<void>): void
  /** Takes tasks; from now on as many run at once as these limits say. One that it already holds is ignored. */
  offer(tasks: readonly Task[], limits: EngineLimits): void
  /** What it holds: taken, and not settled yet, whether it runs or waits for its turn. */
  held(): readonly Task[]
  /**
   * Resolves when a task has settled and fewer wait than may run at once, when the signal comes, and at the latest after
   * a second. Outcomes are in the catalog, not here.
   */
  settled(signal?: AbortSignal): Promise<void>
  /** Resolves when no task is held. */
  drained(): Promise<void>
  /** Takes no more, forgets what waits for its turn and lets the rest finish. May be called twice, and before `start`. */
  stop(): Promise<void>
}
