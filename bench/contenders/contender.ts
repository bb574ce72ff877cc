/** What a contender has to do with all tenants, one after the other on the same databases. */
export const TASKS = ['ten migrations', 'one migration', 'nothing to do'] as const
export type BenchTask = (typeof TASKS)[number]

/** A way of bringing all tenants to a version. */
export interface Contender {
  readonly name: string
  /** Makes it ready for databases that were just reset; not timed. */
  prepare(): Promise<void>
  run(task: BenchTask): Promise<void>
  close(): Promise<void>
}
