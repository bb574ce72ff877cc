import type { RolloutPlan } from '../model/rollout.ts'

/** Says whether a tenant that lacks these migrations gets a restore point before the first of them. */
export function needsRestorePoint(
  { policy, migrations }: Pick<RolloutPlan, 'policy' | 'migrations'>,
  pending: readonly string[],
): boolean {
  if (policy.restorePoints !== 'risky') return policy.restorePoints === 'always' && pending.length > 0
  // What nobody has looked into, as only a joiner may lack it, is not known to be harmless.
  return pending.some((name) => migrations.find((it) => it.name === name)?.assessment.restorePoint ?? true)
}
