import type { CatalogDb } from '../catalog/catalog-schema.ts'
import { readReleasedVersion } from '../catalog/meta.ts'
import { findRollout, type RolloutRow } from '../catalog/rollouts.ts'
import { type ChangesOfRollout, countBeyond, readChanges } from '../catalog/undo.ts'
import { FleetError } from '../model/errors.ts'
import type { DownPlan, PlannedMigration, ReturnRoute, RolloutPlan, UndoPlan } from '../model/rollout.ts'
import { type UndoInput, undoDigestOf } from './plan-digest.ts'
import { formatRolloutId } from './rollout-id.ts'
import { planWave } from './waves.ts'

/** How many tenants are named of those that stay as they are. */
const EXAMPLES = 5

/**
 * Finds out which of these routes tenants can go by `down`.
 * @param planned the migrations of the rollouts that are taken back, as they were planned
 */
export type JudgeDowns = (routes: readonly ReturnRoute[], planned: readonly PlannedMigration[]) => Promise<DownPlan>

/**
 * Computes what taking a rollout back would do, from the catalog and, where `down` migrations are preferred, from what is
 * found of them; without holding the fleet in memory.
 * @throws FleetError UNDO_REFUSED where a later rollout has changed the same tenants, and where the rollout is not over
 */
export async function planUndo(
  db: CatalogDb,
  row: RolloutRow,
  input: UndoInput,
  judgeDowns: JudgeDowns,
): Promise<RolloutPlan> {
  const changed = await readChanges(db, row.id, { examples: EXAMPLES })
  const later = await Promise.all(changed.later.map((id) => findRollout(db, id)))
  const laterRows = later.filter((it) => it !== undefined)
  if (laterRows.length > 0 && !input.withLater) throw changedLater(row, laterRows)
  const planned = [row, ...laterRows].flatMap(({ plan }) => plan.migrations)
  const down = input.prefer === 'down' ? await judgeDowns(changed.routes, planned) : null
  const changes = down === null ? changed : await readChanges(db, row.id, { examples: EXAMPLES, byDown: down.routes })
  const { withdraws, readmits } = wantedNoMore(row, changes)
  const undo: UndoPlan = {
    of: formatRolloutId(row.id),
    later: laterRows.map(({ id }) => formatRolloutId(id)),
    withdraws,
    readmits,
    releases: releaseBefore([row, ...laterRows], await readReleasedVersion(db)),
    stranded: changes.stranded,
    strandedExamples: changes.strandedExamples,
    beyond: await countBeyond(db, { rolloutId: row.id, migrations: withdraws }),
    acceptDataLoss: input.acceptDataLoss,
    salvage: input.salvage ?? null,
    down,
    byDown: changes.byDown,
  }
  return composeUndo(row, changes, undo, input)
}

/** What plans leave out from then on, also what every tenant failed on; undoing an undo turns that around. */
function wantedNoMore(
  { plan: { migrations, undo } }: RolloutRow,
  changes: ChangesOfRollout,
): Pick<UndoPlan, 'withdraws' | 'readmits'> {
  if (undo !== undefined) return { withdraws: undo.readmits, readmits: undo.withdraws }
  const taken = [...migrations.map(({ name }) => name), ...changes.migrations]
  return { withdraws: [...new Set(taken)].sort(), readmits: [] }
}

/** What new tenants got before the first of these rollouts that changed it, if the last that did still has its way. */
function releaseBefore(rollouts: readonly RolloutRow[], released: string | null): UndoPlan['releases'] {
  const releasing = rollouts.filter((it) => it.released_at !== null)
  const [first, last] = [releasing[0], releasing.at(-1)]
  if (first === undefined || last === undefined || last.target !== released) return null
  return first.released_from === released ? null : { from: released, to: first.released_from }
}

function composeUndo(
  { plan }: RolloutRow,
  { waves, pinned, pinnedExamples }: ChangesOfRollout,
  undo: UndoPlan,
  { concurrency, maxFailures }: UndoInput,
): RolloutPlan {
  const policy = { ...plan.policy, concurrency: concurrency ?? plan.policy.concurrency }
  const planned = waves
    .filter(({ tenants }) => tenants > 0)
    .map((wave) =>
      planWave({ ...AS_IT_WAS, ...wave, maxFailures: { value: wave.maxFailures, unit: 'tenants' } }, wave.tenants, {
        ...policy,
        maxFailures,
      }),
    )
  return {
    digest: undoDigestOf(undo, { policy, waves: planned }),
    target: undo.releases?.to ?? null,
    migrations: [],
    versions: [],
    waves: planned,
    scope: WHOLE,
    policy,
    tenants: planned.reduce((sum, { tenants }) => sum + tenants, 0),
    releases: false,
    undo,
    skipped: { current: 0, unmatched: 0, pinned, pinnedExamples, notReady: 0 },
  }
}

const WHOLE = { tenants: [], skipTenants: [], tags: {}, waves: [] }
/** Who is in a wave is known; a tenant that cannot be taken back stays as it is. */
const AS_IT_WAS = { match: undefined, size: undefined, optional: true, onFailure: 'halt' } as const

function changedLater({ id }: RolloutRow, later: readonly RolloutRow[]): FleetError {
  const names = later.map((it) => formatRolloutId(it.id)).join(', ')
  return new FleetError('UNDO_REFUSED', `Tenants that ${formatRolloutId(id)} changed were changed later by ${names}.`, {
    remedy: `Undo ${formatRolloutId(later.at(-1)?.id ?? id)} first, or take all of it back at once: --with-later`,
  })
}
