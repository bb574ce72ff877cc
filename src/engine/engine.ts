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

/** Decides where tasks run. It knows nothing of waves, budgets or databases. */
export interface Engine {
  /** Starts taking tasks. `run` must bear being repeated: the process may have died the first time. */
  start(run: (task: Task) => Promise<void>): void
  /** Takes tasks in order until it holds `atOnce` of them. One that it already holds is ignored. */
  offer(tasks: readonly Task[], atOnce: number): void
  /** What it holds: taken, and not settled yet. */
  held(): readonly Task[]
  /** Resolves when a held task settles, at the latest after a second. Outcomes are in the catalog, not here. */
  settled(): Promise<void>
  /** Resolves when no task is held. */
  drained(): Promise<void>
  /** Takes no more and lets held tasks finish. May be called twice, and before `start`. */
  stop(): Promise<void>
}
