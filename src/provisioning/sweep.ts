import type { CatalogDb } from '../catalog/catalog-schema.ts'
import { findOwned } from '../catalog/owners.ts'
import type { Clock } from '../lib/clock.ts'
import { mapConcurrently } from '../lib/map-concurrently.ts'
import { FleetError } from '../model/errors.ts'
import type { Mark } from '../model/mark.ts'
import type { SweepFinding } from '../model/sweep.ts'
import { sqlstateOf } from '../postgres/sqlstate.ts'
import type { MarkedName, Provider } from '../providers/provider.ts'
import { judgeMarked, type SweepJudgement } from './judge-marked.ts'
import { scratchForgottenAt } from './scratch-database.ts'
import { sweepRecords } from './sweep-records.ts'

export interface SweepContext extends Pick<Mark, 'fleet' | 'catalogId'> {
  readonly db: CatalogDb
  readonly provider: Provider
  readonly clock: Clock
  /** Remove what may go; false: only say what would. */
  readonly remove: boolean
}

/** Dropping waits for the disk of its server; each is a connection of its own. */
const AT_ONCE = 4

/**
 * Compares what carries this fleet's mark on the servers with what the catalog has records of, both ways, and yields what
 * has no counterpart. What was ever a tenant is never removed.
 *
 * Whatever the fleet makes is recorded first. So a page of names is read before the records that may own them, and a name
 * without one is nobody's, or its record is gone by now. To remove it, the record is looked for once more while making it
 * anew is locked out.
 */
export async function* sweep(context: SweepContext): AsyncGenerator<SweepFinding> {
  for await (const page of context.provider.findMarked(context)) {
    const owned = await findOwned(context.db, page)
    const orphans = page.filter((it) => !owned.has(it))
    for await (const finding of mapConcurrently(orphans, AT_ONCE, (it) => settle(it, context)))
      if (finding !== undefined) yield finding
  }
  yield* sweepRecords(context)
}

async function judge(found: MarkedName, { clock, provider }: SweepContext): Promise<SweepJudgement | undefined> {
  const isTenant = found.mark.kind === 'tenant' && found.databaseId !== null
  const isUnused = isTenant && ((await provider.wasNeverUsed?.(found)) ?? false)
  return judgeMarked({ ...found, isUnused }, { now: clock.now().getTime(), forgottenAt: scratchForgottenAt })
}

async function settle(found: MarkedName, context: SweepContext): Promise<SweepFinding | undefined> {
  const judgement = await judge(found, context)
  if (judgement === undefined) return undefined
  const { why, remedy } = judgement
  const { server, name: database, databaseId, mark } = found
  // Records are changed after what they name was removed: it may be gone since the page was read.
  if (databaseId !== null) {
    const there = await context.provider.lookUpDatabases(server, [database], new Set([databaseId]))
    if (there.get(database) !== databaseId) return undefined
  }
  const finding = {
    subject: databaseId === null ? ('role' as const) : ('database' as const),
    server,
    database,
    kind: mark.kind,
    key: mark.key,
    bytes: databaseId === null ? null : await context.provider.databaseSize(server, database),
    why,
    remedy,
  }
  if (judgement.kind === 'leave') return { ...finding, verdict: 'left' }
  if (!context.remove) return { ...finding, verdict: 'would-remove' }
  try {
    const removed = await context.provider.removeMarked(found, async () => isOrphan(found, context))
    // It is another one by now, or somebody's, or gone: then there is nothing to tell.
    return removed ? { ...finding, verdict: 'removed' } : undefined
  } catch (error) {
    // One that cannot go must not keep the others.
    if (error instanceof FleetError && error.code !== 'SERVER_UNREACHABLE')
      return { ...finding, verdict: 'refused', why: error.message, remedy: error.remedy }
    if (error instanceof Error && !(error instanceof FleetError) && sqlstateOf(error) !== undefined)
      return { ...finding, verdict: 'refused', why: error.message }
    throw error
  }
}

async function isOrphan(found: MarkedName, { db }: SweepContext): Promise<boolean> {
  return !(await findOwned(db, [found])).has(found)
}
