import { type KnownMigration, listKnownMigrations } from '../catalog/known-migrations.ts'
import { findReformatted } from '../migrations/check-migrations.ts'
import type { Migration } from '../migrations/migration.ts'
import { reverseMigration } from '../migrations/reverse-migration.ts'
import type { MigrationAssessment } from '../model/assessment.ts'
import { FleetError } from '../model/errors.ts'
import type { DownPlan, PlannedDown, PlannedMigration, ReturnRoute } from '../model/rollout.ts'
import { downsOf } from '../rollout/downs-of.ts'
import { whyNotDown, whyNotLossless } from '../rollout/why-not-down.ts'
import { assessWhenNeeded } from './assess-when-needed.ts'
import type { Parts } from './parts.ts'
import { sqlChecksums } from './recordings.ts'

/**
 * Finds out which tenants can go back by `down` migrations without losing anything: records these, and traces them on a scratch
 * database that has what the tenants have, in the order in which they are taken back. A tenant goes so whole or not at all.
 * @param planned the migrations of the rollouts that are taken back, as they were planned
 */
export async function judgeDowns(
  routes: readonly ReturnRoute[],
  planned: readonly PlannedMigration[],
  parts: Parts,
): Promise<DownPlan> {
  const [files, known] = await Promise.all([parts.files.load(), listKnownMigrations(parts.catalog.db)])
  const reformatted = await findReformatted(files, known, sqlChecksums(parts.recordings, parts.files.load))
  const facts = { files, known, planned, reformatted }
  const judged: { readonly route: ReturnRoute; readonly judgement: Judgement }[] = []
  for (const route of routes) judged.push({ route, judgement: await judgeRoute(route, facts, parts) })
  return {
    routes: judged.filter(({ judgement }) => judgement.refusals.length === 0).map(({ route }) => route),
    migrations: distinct(
      judged.filter(({ judgement }) => judgement.refusals.length === 0).flatMap(({ judgement }) => judgement.downs),
    ),
    refusals: distinct(judged.flatMap(({ judgement }) => judgement.refusals)),
  }
}

interface Facts {
  readonly files: readonly Migration[]
  readonly known: readonly KnownMigration[]
  readonly planned: readonly PlannedMigration[]
  /** Files that are not those which were applied, and still send the same. */
  readonly reformatted: ReadonlyMap<string, string>
}

interface Judgement {
  readonly downs: readonly PlannedDown[]
  /** Empty: tenants may go so. */
  readonly refusals: DownPlan['refusals']
}

async function judgeRoute(route: ReturnRoute, facts: Facts, parts: Parts): Promise<Judgement> {
  const names = downsOf(route)
  if (names === undefined) return { downs: [], refusals: outOfReach(route) }
  const unfit = firstRefusals(names, (name) => whyNotDown(takenBack(name, facts)))
  if (unfit.length > 0) return { downs: [], refusals: unfit }
  const other = firstRefusals(route.history, (name) => whyNotBase(name, facts))
  if (other.length > 0) return { downs: [], refusals: other }

  const { files } = facts
  const migrations = names.flatMap((name) => files.find((it) => it.name === name) ?? [])
  const downs = migrations.flatMap((it) => reverseMigration(it) ?? [])
  const base = files.filter(({ name }) => route.history.includes(name))
  const assessments = await assess(downs, base, parts)
  if (typeof assessments === 'string')
    return { downs: [], refusals: names.map((it) => refusal(it, `its \`down\` could not be tried: ${assessments}`)) }
  const lossy = firstRefusals(names, (name) => {
    const assessment = assessments.get(name)
    return assessment === undefined ? 'nothing is known of its `down`' : whyNotLossless(assessment)
  })
  return {
    downs: downs.map(({ name, file }) => ({ name, file, sqlChecksum: assessments.get(name)?.sqlChecksum ?? '' })),
    refusals: lossy,
  }
}

/** Returns what was found, or why nothing could be: a migration that does not parse, or fails on the scratch database. */
async function assess(
  downs: readonly Migration[],
  base: readonly Migration[],
  parts: Parts,
): Promise<ReadonlyMap<string, MigrationAssessment> | string> {
  try {
    return await assessWhenNeeded(downs, base, parts)
  } catch (error) {
    if (error instanceof FleetError && error.code.startsWith('MIGRATION_')) return error.message
    throw error
  }
}

function takenBack(name: string, { files, known, planned }: Facts) {
  const file = files.find((it) => it.name === name)
  return {
    file: file && { checksum: file.checksum, transaction: file.transaction, hasDown: file.down !== undefined },
    checksum: known.find((it) => it.name === name)?.checksum ?? null,
    up: planned.filter((it) => it.name === name).map(({ assessment }) => assessment),
  }
}

/** What tenants have is what the scratch database must have. */
function whyNotBase(name: string, { files, known, reformatted }: Facts): string | undefined {
  const file = files.find((it) => it.name === name)
  if (file === undefined) return 'there is no file for it'
  const { checksum = null } = known.find((it) => it.name === name) ?? {}
  const isSame = checksum === null || checksum === file.checksum || reformatted.has(name)
  return isSame ? undefined : 'its file is not the one that was applied'
}

/** What a tenant had before and no `down` gives it; never empty. */
function outOfReach({ from, history }: ReturnRoute): DownPlan['refusals'] {
  const missing = from.filter((name) => !history.includes(name))
  if (missing.length > 0)
    return missing.map((name) => refusal(name, 'it was taken back since, and no `down` brings it forward'))
  return from.map((name) => refusal(name, 'its place in the history is another one by now'))
}

function refusal(migration: string, why: string): DownPlan['refusals'][number] {
  return { migration, why }
}

function firstRefusals(names: readonly string[], why: (name: string) => string | undefined): DownPlan['refusals'] {
  return names.flatMap((migration) => {
    const reason = why(migration)
    return reason === undefined ? [] : [refusal(migration, reason)]
  })
}

function distinct<T extends object>(items: readonly T[]): readonly T[] {
  return [...new Map(items.map((it) => [JSON.stringify(it), it])).values()]
}
