import type { RolloutPlan } from '../model/rollout.ts'

/** `any`: a position that nobody has proven will do, where the provider has those. A risky migration wants no less than `proven`. */
export type RestorePointNeed = 'none' | 'any' | 'proven'

/** Says whether a tenant that lacks these migrations gets a restore point before the first of them, and of what kind. */
export function needsRestorePoint(
  { policy, migrations }: Pick<RolloutPlan, 'policy' | 'migrations'>,
  pending: readonly string[],
): RestorePointNeed {
  if (policy.restorePoints === 'never' || pending.length === 0) return 'none'
  // What nobody has looked into, as only a joiner may lack it, is not known to be harmless.
  const isRisky = pending.some((name) => migrations.find((it) => it.name === name)?.assessment.restorePoint ?? true)
  if (isRisky) return 'proven'
  return policy.restorePoints === 'always' ? 'any' : 'none'
}
