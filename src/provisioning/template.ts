import { createHash } from 'node:crypto'
import type { Kysely, KyselyPlugin } from 'kysely'
import type { CatalogDb } from '../catalog/catalog-schema.ts'
import { listKnownMigrations, listWithdrawn, saveMigrations } from '../catalog/known-migrations.ts'
import { readReleasedVersion } from '../catalog/meta.ts'
import { forgetTemplate, listTemplates, recordTemplate, type TemplateRow } from '../catalog/templates.ts'
import { countTenants } from '../catalog/tenant-counts.ts'
import type { Clock } from '../lib/clock.ts'
import { checkMigrations, outOfOrder, type SqlChecksumsOf } from '../migrations/check-migrations.ts'
import type { HistoryTables, Migration, MigrationTimeouts } from '../migrations/migration.ts'
import { pendingMigrations } from '../migrations/pending-migrations.ts'
import { migrationsReleased } from '../migrations/plan-target.ts'
import { FleetError } from '../model/errors.ts'
import type { ProvisioningEvent } from '../model/events.ts'
import type { Mark } from '../model/mark.ts'
import type { Provider, TemplateRef } from '../providers/provider.ts'
import { fillDatabase } from './fill-database.ts'

/** What templates are built with. */
export interface TemplateContext {
  readonly db: CatalogDb
  readonly provider: Provider
  readonly fleet: string
  readonly catalogId: string
  /** Loads the files; called only when a template is built or its version is to be found. */
  readonly migrations: () => Promise<readonly Migration[]>
  readonly sqlChecksumsOf: SqlChecksumsOf
  readonly allowUnordered: boolean
  readonly extensions: readonly string[]
  readonly seed: ((db: Kysely<unknown>) => Promise<void>) | undefined
  readonly tables: HistoryTables
  readonly plugins: readonly KyselyPlugin[]
  readonly timeouts: MigrationTimeouts
  readonly clock: Clock
  readonly publish: (event: ProvisioningEvent) => void
}

export interface Template extends TemplateRef {
  /** Names its content: migrations, extensions and seed. */
  readonly key: string
  readonly version: string | null
  /** What a database cloned from it has in its history. */
  readonly history: readonly string[]
}

/** Returns the migrations that a new tenant gets: up to the released version, if there is one, and to what an undo took back. */
export async function migrationsForNewTenants({
  db,
  migrations,
}: Pick<TemplateContext, 'db' | 'migrations'>): Promise<readonly Migration[]> {
  const all = await migrations()
  const released = await readReleasedVersion(db)
  const given = migrationsReleased(all, { released, withdrawn: await listWithdrawn(db) })
  if (given !== undefined) return given
  throw new FleetError('MIGRATIONS_DIFFER', `New tenants get version ${released}, and there is no file for it.`, {
    remedy: 'Restore the file from version control.',
  })
}

/** Builds the template with these migrations on a server, unless it is there; several versions may be there at once. */
export async function ensureTemplate(
  server: string,
  migrations: readonly Migration[],
  context: TemplateContext,
): Promise<Template> {
  const { db, provider, clock, publish } = context
  const key = templateKey(migrations, context)
  const mark = templateMark(key, context)
  const version = migrations.at(-1)?.name ?? null
  const { database, ownerRole } = provider.plannedPlacement(server, mark)
  // Before it is made: a crash leaves a record by which it is found and removed.
  const isNew = await recordTemplate(db, { server, key, database, version })
  const isFirst = isNew && (await listTemplates(db)).every((it) => it.server !== server || it.key === key)
  const startedAt = clock.now()
  let built = false
  const make = provider.ensureTemplate(
    { server, mark, extensions: context.extensions, isRetry: !isFirst },
    async (connection) => {
      built = true
      // Again: who failed at it before may have forgotten it since. Both happen while the provider lets nobody else make or
      // drop it, so that one that is being made, or is ready, is recorded.
      await recordTemplate(db, { server, key, database, version })
      try {
        await checkFiles(migrations, context)
        publish({ type: 'template.building', at: startedAt.toISOString(), server, version })
        await fillDatabase(connection, migrations, { ...context, ownerRole, what: 'the template' })
      } catch (error) {
        await forgetTemplate(db, { server, key })
        throw error
      }
    },
  )
  const ref = await make.catch(async (error: unknown) => {
    const refused = isNew && error instanceof FleetError && error.code === 'RIGHT_MISSING'
    // It was never begun: nothing is left to be found.
    if (refused && !built) await forgetTemplate(db, { server, key })
    throw error
  })
  if (built) {
    // Tenants cloned from it have these files, as they are now.
    await saveMigrations(db, migrations, { replace: false })
    const now = clock.now()
    publish({ type: 'template.built', at: now.toISOString(), server, version, ms: now.getTime() - startedAt.getTime() })
    await dropUnused(server, key, context)
  }
  return { ...ref, key, version, history: migrations.map((it) => it.name) }
}

/**
 * Refuses what a plan refuses: a new tenant must not get other files than the tenants that are there. A template that is
 * ready was made of the same files, to the letter, and has passed.
 */
export async function checkFiles(
  migrations: readonly Migration[],
  { db, allowUnordered, sqlChecksumsOf }: TemplateContext,
): Promise<void> {
  const available = migrations.map((it) => it.name)
  const groups = (await countTenants(db)).filter((it) => it.state === 'ready')
  // Tenants may be ahead of what is released: what they have more is no matter of the template.
  const known = await listKnownMigrations(db)
  await checkMigrations(
    migrations,
    known.filter((it) => available.includes(it.name) || it.name < (available.at(-1) ?? '')),
    sqlChecksumsOf,
  )
  for (const { history, tenants } of groups) {
    const shared = history.filter((name) => available.includes(name))
    const pending = pendingMigrations({ available, history: shared, allowUnordered })
    if (pending.kind === 'out-of-order') throw outOfOrder(pending.found, pending.expected, tenants)
  }
}

/** Drops older templates of a server. The newest two stay: a sign-up may be cloning the one before at this moment. */
async function dropUnused(server: string, key: string, context: TemplateContext): Promise<void> {
  const { db, provider } = context
  const older = (await listTemplates(db)).filter((it) => it.server === server && it.key !== key)
  for (const template of older.slice(1)) {
    // One that tenants hang under stays, and stays recorded: the next template that is built is the next try.
    if (await provider.deleteTemplate(template, templateMark(template.key, context))) await forgetTemplate(db, template)
  }
}

/** Lists what is recorded. */
export function showTemplates({ db }: Pick<TemplateContext, 'db'>): Promise<readonly TemplateRow[]> {
  return listTemplates(db)
}

function templateKey(migrations: readonly Migration[], { extensions, seed }: TemplateContext): string {
  const content = [migrations.map(({ name, checksum }) => [name, checksum]), extensions, seed?.toString() ?? null]
  return createHash('sha256').update(JSON.stringify(content)).digest('hex').slice(0, 8)
}

function templateMark(key: string, { fleet, catalogId }: Pick<TemplateContext, 'fleet' | 'catalogId'>): Mark {
  return { fleet, catalogId, kind: 'template', key }
}
