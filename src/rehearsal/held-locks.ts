import { LOCK_MODES, type LockMode } from '../model/finding.ts'
import type { HeldLock } from '../model/rehearsal.ts'

/** What one look at a backend saw. */
export interface LockSample {
  /** When, in milliseconds by the server's clock. */
  readonly at: number
  /** Names the transaction by when it began; null: there was none. */
  readonly transaction: string | null
  readonly locks: readonly { readonly table: string; readonly mode: LockMode }[]
}

/**
 * Says how long tables were locked at most: from the look before the one that first saw the lock to the one that did not see
 * it any more. What was taken and freed between two looks is not in it. Those held longest first.
 */
export function heldLocks(samples: readonly LockSample[]): readonly HeldLock[] {
  const found = new Map<string, HeldLock>()
  const open = new Map<string, { readonly since: number; readonly mode: LockMode }>()
  let before: LockSample | undefined
  for (const sample of samples) {
    // Of another transaction, it is another lock, even if no look fell between the two.
    const isSame = before !== undefined && before.transaction === sample.transaction
    const now = new Map<string, LockMode>()
    for (const { table, mode } of sample.locks) now.set(table, stronger(now.get(table), mode))
    for (const [table, { since, mode }] of [...open]) {
      if (isSame && now.has(table)) continue
      note(table, mode, sample.at - since)
      open.delete(table)
    }
    for (const [table, mode] of now)
      open.set(table, {
        since: open.get(table)?.since ?? before?.at ?? sample.at,
        mode: stronger(open.get(table)?.mode, mode),
      })
    before = sample
  }
  for (const [table, { since, mode }] of open) note(table, mode, (before?.at ?? since) - since)
  return [...found.values()].toSorted((a, b) => b.ms - a.ms || (a.table < b.table ? -1 : 1))

  function note(table: string, mode: LockMode, ms: number): void {
    const known = found.get(table)
    found.set(table, { table, mode: stronger(known?.mode, mode), ms: Math.max(known?.ms ?? 0, Math.round(ms)) })
  }
}

function stronger(a: LockMode | undefined, b: LockMode): LockMode {
  return a === undefined || LOCK_MODES.indexOf(b) > LOCK_MODES.indexOf(a) ? b : a
}
