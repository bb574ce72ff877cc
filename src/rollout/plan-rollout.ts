import { sql } from 'kysely'
import { type Assignment, countAssigned, countScope, pinnedExamples } from '../catalog/assign-waves.ts'
import type { CatalogDb } from '../catalog/catalog-schema.ts'
import { listKnownMigrations, listWithdrawn } from '../catalog/known-migrations.ts'
import { readTagsGeneration } from '../catalog/meta.ts'
import { checkMigrations, outOfOrder, type SqlChecksumsOf } from '../migrations/check-migrations.ts'
import type { Migration } from '../migrations/migration.ts'
import { pendingMigrations } from '../migrations/pending-migrations.ts'
import { planTarget } from '../migrations/plan-target.ts'
import type { MigrationAssessment } from '../model/assessment.ts'
import { FleetError } from '../model/errors.ts'
import type { PlannedMigration, PlannedVersion, RolloutPlan, RolloutPolicy, RolloutScope } from '../model/rollout.ts'
import { versionOf } from '../model/tenant.ts'
import { checkMatches, checkTags, checkWaveNames } from './check-scope.ts'
import { digestOf, intentOf } from './plan-digest.ts'
import { planWave, type Quantity, resolveSize, type WavePolicy } from './waves.ts'

export interface PlanInput {
  readonly db: CatalogDb
  /** All files at hand, in order. */
  readonly migrations: readonly Pick<Migration, 'name' | 'file' | 'checksum' | 'transaction'>[]
  readonly sqlChecksumsOf: SqlChecksumsOf
  readonly allowUnordered: boolean
  readonly to: string | undefined
  /** Take also what an undo has withdrawn. */
  readonly again: boolean
  readonly scope: RolloutScope
  readonly waves: readonly WavePolicy[]
  readonly orderBy: string | undefined
  readonly policy: RolloutPolicy
  /** In place of every wave's own. */
  readonly maxFailures: Quantity | undefined
}

/** With up to where it goes, by the files and by what was withdrawn. */
type TargetedInput = PlanInput & ReturnType<typeof planTarget>

/** A plan whose migrations nobody has looked into yet. */
export interface DraftPlan extends Omit<RolloutPlan, 'digest' | 'migrations'> {
  readonly migrations: readonly Omit<PlannedMigration, 'assessment' | 'recompiled'>[]
}

export interface DraftRollout {
  readonly draft: DraftPlan
  /** What migrations sent when they were applied, as checksums by name. */
  readonly known: ReadonlyMap<string, string>
  /** Names what was asked for, whatever the state of the fleet. */
  readonly intent: string
  /** How tenants are assigned to waves, for the start. */
  readonly assignment: Assignment
  /** What files send that were only re-formatted after they were applied, as checksums by name. */
  readonly reformatted: ReadonlyMap<string, string>
  /** When it looked at the fleet. */
  readonly plannedAt: string
}

export interface PlannedRollout extends Omit<DraftRollout, 'draft' | 'known'> {
  readonly plan: RolloutPlan
}

/**
 * Computes what a rollout would do, from the catalog alone and without holding the fleet in memory.
 * @throws FleetError MIGRATIONS_DIFFER, MIGRATION_UNKNOWN, MIGRATION_WITHDRAWN, WAVE_EMPTY, WAVE_UNKNOWN, TAG_UNKNOWN
 */
export async function draftRollout(planInput: PlanInput): Promise<DraftRollout> {
  const { migrations, scope, waves, orderBy } = planInput
  checkWaveNames(scope, waves)
  // One snapshot, so that the counts of a plan agree with each other.
  return planInput.db
    .transaction()
    .setIsolationLevel('repeatable read')
    .setAccessMode('read only')
    .execute(async (db) => {
      const known = await listKnownMigrations(db)
      const input = { ...planInput, ...planTarget({ ...planInput, withdrawn: await listWithdrawn(db) }) }
      const reformatted = await checkMigrations(migrations, known, input.sqlChecksumsOf)
      await checkTags(db, scope)
      // Whoever names tenants or waves does not ask for the canaries: one that is missing is no mistake then.
      if (isWhole(scope)) await checkMatches(db, waves)
      const inScope = await countScope(db, scope)
      const due = inScope
        .filter((it) => it.ready > 0)
        .map((it) => ({ ...it, pending: pendingFor(it.names, it.ready, input) }))
        .filter((it) => it.pending.length > 0)
      const tagsGeneration = await readTagsGeneration(db)
      const assignment: Assignment = {
        tagsGeneration,
        scope,
        orderBy,
        waves: waves.map(({ name, match, size }) => ({
          name,
          match,
          size: resolveSize({ size }, total(due, 'ready')),
        })),
        histories: due.map((it) => it.history_id),
      }
      const counts = due.length === 0 ? [] : await countAssigned(db, assignment)
      const examples = total(inScope, 'pinned') > 0 ? await pinnedExamples(db, scope, 5) : []
      return {
        assignment,
        reformatted,
        known: new Map(known.flatMap(({ name, sqlChecksum }) => (sqlChecksum === null ? [] : [[name, sqlChecksum]]))),
        plannedAt: await startOf(db),
        ...composeDraft({ inScope, due, counts, examples }, input),
      }
    })
}

/**
 * Adds what was found out about the migrations, and names the whole by its digest.
 * @throws FleetError MIGRATION_REFUSED when there is no way to run one
 */
export function completePlan(
  { draft, known, ...rest }: DraftRollout,
  assessments: ReadonlyMap<string, MigrationAssessment>,
): PlannedRollout {
  const migrations = draft.migrations.flatMap((migration) => {
    const assessment = assessments.get(migration.name)
    if (assessment === undefined) return []
    const before = known.get(migration.name)
    const recompiled = before !== undefined && assessment.sqlChecksum !== null && before !== assessment.sqlChecksum
    return [{ ...migration, recompiled, assessment }]
  })
  refuseImpossible(migrations)
  const digest = digestOf(rest.intent, { ...draft, migrations, tagsGeneration: rest.assignment.tagsGeneration })
  return { ...rest, plan: { ...draft, digest, migrations } }
}

function refuseImpossible(migrations: readonly PlannedMigration[]): void {
  const refused = migrations.flatMap(({ file, assessment }) =>
    assessment.findings.filter((it) => it.refused).map((it) => ({ file, ...it })),
  )
  const [first] = refused
  if (first === undefined) return
  const messages = refused.map(({ file, line, message }) => `${line === null ? file : `${file}:${line}`}: ${message}`)
  throw new FleetError('MIGRATION_REFUSED', messages.join('\n'), first.help === null ? {} : { remedy: first.help })
}

interface PlanFacts {
  readonly inScope: readonly { readonly ready: number; readonly pinned: number; readonly notReady: number }[]
  /** Histories from which there is something to do. */
  readonly due: readonly {
    readonly history_id: string
    readonly names: readonly string[]
    readonly pending: readonly string[]
    readonly ready: number
  }[]
  /** Tenants by wave and history; wave null: none takes them. */
  readonly counts: readonly { readonly wave: number | null; readonly history_id: string; readonly tenants: number }[]
  readonly examples: RolloutPlan['skipped']['pinnedExamples']
}

function composeDraft(
  { inScope, due, counts, examples }: PlanFacts,
  input: TargetedInput,
): Pick<DraftRollout, 'draft' | 'intent'> {
  const { migrations, scope, waves, policy, maxFailures, target, withdrawn } = input
  const isWanted = (wave: number | null) =>
    wave !== null && (scope.waves.length === 0 || scope.waves.includes(waves[wave]?.name ?? ''))
  const wanted = counts.filter((it) => isWanted(it.wave))
  const versions: PlannedVersion[] = due
    .map(({ history_id, names, pending }) => ({
      version: versionOf(names),
      history: names,
      pending,
      tenants: total(
        wanted.filter((it) => it.history_id === history_id),
        'tenants',
      ),
    }))
    .filter((it) => it.tenants > 0)
    .sort((a, b) => b.tenants - a.tenants)
  const upToTarget = migrations.slice(0, migrations.findIndex((it) => it.name === target) + 1)
  const intent = intentOf({
    target,
    migrations: upToTarget,
    waves: overridden(waves, maxFailures),
    orderBy: input.orderBy,
    scope,
    policy,
  })
  const unmatched = total(
    counts.filter((it) => it.wave === null),
    'tenants',
  )
  const draft: DraftPlan = {
    target,
    migrations: upToTarget
      .map(({ name, file, checksum, transaction }) => {
        const tenants = total(
          versions.filter((it) => it.pending.includes(name)),
          'tenants',
        )
        return { name, file, checksum, transaction, tenants }
      })
      .filter((it) => it.tenants > 0),
    versions,
    waves: waves
      .map((wave, index) =>
        planWave(
          wave,
          total(
            wanted.filter((it) => it.wave === index),
            'tenants',
          ),
          { ...policy, maxFailures },
        ),
      )
      .filter((wave) => wave.tenants > 0),
    withdrawn,
    scope,
    policy,
    tenants: total(wanted, 'tenants'),
    releases: isWhole(scope) && unmatched === 0,
    skipped: {
      current: total(inScope, 'ready') - total(due, 'ready'),
      unmatched,
      pinned: total(inScope, 'pinned'),
      pinnedExamples: examples,
      notReady: total(inScope, 'notReady'),
    },
  }
  return { draft, intent }
}

/** The time of the snapshot, by the catalog's clock: before it, so that nobody falls between plan and joiners. */
async function startOf(db: CatalogDb): Promise<string> {
  const { rows } = await sql<{ at: string }>`select now()::text as at`.execute(db)
  return rows[0]?.at ?? 'now'
}

function total<K extends string>(rows: readonly Readonly<Record<K, number>>[], key: K): number {
  return rows.reduce((sum, row) => sum + row[key], 0)
}

function pendingFor(
  history: readonly string[],
  tenants: number,
  { migrations, target, allowUnordered }: TargetedInput,
): readonly string[] {
  const pending = pendingMigrations({ available: migrations.map((it) => it.name), history, to: target, allowUnordered })
  if (pending.kind === 'pending') return pending.migrations
  if (pending.kind === 'out-of-order') {
    throw outOfOrder(
      migrations.find((it) => it.name === pending.found)?.file ?? pending.found,
      pending.expected,
      tenants,
    )
  }
  throw new FleetError(
    'MIGRATIONS_DIFFER',
    `There is no file for ${pending.migrations.join(', ')}, applied by ${tenants} tenants.`,
  )
}

function isWhole(scope: RolloutScope): boolean {
  return scope.tenants.length + scope.skipTenants.length + scope.waves.length + Object.keys(scope.tags).length === 0
}

function overridden(waves: readonly WavePolicy[], maxFailures: Quantity | undefined): readonly WavePolicy[] {
  return maxFailures === undefined ? waves : waves.map((wave) => ({ ...wave, maxFailures }))
}
