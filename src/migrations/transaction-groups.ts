import type { TransactionMode } from '../model/rollout.ts'
import type { Migration } from './migration.ts'

/** Groups migrations, in order, by the transaction that they share: each has its own, or all that can have one together. */
export function transactionGroups<M extends Pick<Migration, 'transaction'>>(
  migrations: readonly M[],
  mode: TransactionMode,
): readonly (readonly M[])[] {
  const groups: M[][] = []
  for (const migration of migrations) {
    const last = groups.at(-1)
    if (mode === 'per-run' && migration.transaction && last?.[0]?.transaction) last.push(migration)
    else groups.push([migration])
  }
  return groups
}
