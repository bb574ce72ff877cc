/**
 * Places where a crash hurts most. `FLEET_FAILPOINT=<name>` kills the process there, as `kill -9` would:
 * crash tests run the program once into each of them and then once more without.
 */
export type Failpoint =
  | 'tenant.recorded'
  | 'tenant.database-created'
  | 'tenant.database-opened'
  | 'template.database-created'
  | 'template.migrated'
  | 'tenant.database-dropped'
  | 'restore-point.recorded'
  | 'restore-point.observed'
  | 'restore-point.dumping'
  | 'restore-point.copied'
  | 'restore-point.made'
  | 'restore-point.opened'
  | 'clients.recorded'
  | 'clients.paused'
  | 'clients.waited'
  | 'restore.recorded'
  | 'restore.prepared'
  | 'restore.swapped'
  | 'restore.done'
  | 'salvage.marking'
  | 'salvage.claimed'
  | 'salvage.table-written'
  | 'rehearsal.recorded'
  | 'rehearsal.copied'
  | 'rehearsal.branched'
  | 'rehearsal.migrated'
  | 'rehearsal.dropped'
  | 'rollout.started'
  | 'run.claimed'
  | 'run.restore-point-taken'
  | 'run.connected'
  | 'run.migration-committed'
  | 'run.applied'
  | 'run.recorded'

/** Dies here when this failpoint is armed; costs one comparison when it is not. */
export function failpoint(name: Failpoint): void {
  if (process.env.FLEET_FAILPOINT === name) process.kill(process.pid, 'SIGKILL')
}
