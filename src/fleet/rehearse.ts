import type { Rehearsal } from '../model/rehearsal.ts'
import { rehearseRollout } from '../rehearsal/rehearse-rollout.ts'
import type { PlannedRollout } from '../rollout/plan-rollout.ts'
import type { RehearseOptions } from './fleet.ts'
import { type Parts, timeoutsOf } from './parts.ts'
import { restoreContext } from './restore-methods.ts'

/** Most tenants of a rehearsal: they are tried one after the other. */
export const REHEARSAL_MOST = 100

/** Rehearses a plan with the parts of a fleet. @throws what `rehearseRollout` throws */
export async function rehearse(
  { plan, assignment }: PlannedRollout,
  {
    tenants,
    closesTenants = false,
    confirm = () => Promise.resolve(true),
    signal = new AbortController().signal,
  }: RehearseOptions,
  parts: Parts,
): Promise<Rehearsal> {
  const { config, clock, events, files, recordings, backends } = parts
  const migrations = await files.load()
  const names = plan.migrations.map(({ name }) => name)
  const recorded = plan.policy.replay
    ? await recordings.compiled(migrations.filter(({ name }) => names.includes(name)))
    : new Map()
  return rehearseRollout(
    { plan, assignment, tenants, closesTenants, confirm, signal },
    {
      ...restoreContext(parts),
      clock,
      migrations,
      recorded,
      plugins: config.migrations.plugins,
      timeouts: timeoutsOf(config.rollout),
      onBackend: backends.add,
      publish: (event) => events.emit('event', event),
    },
  )
}
