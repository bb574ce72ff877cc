import { saveMigrations } from '../catalog/known-migrations.ts'
import { takeCreationOver } from '../catalog/tenant-creation.ts'
import type { CompiledMigration } from '../migrations/compile/compiled-migration.ts'
import { readHistory } from '../migrations/history.ts'
import type { Migration } from '../migrations/migration.ts'
import { FleetError } from '../model/errors.ts'
import { withAdvisoryLock } from '../postgres/advisory-lock.ts'
import { type Client, withClient } from '../postgres/connect.ts'
import { fillDatabase } from './fill-database.ts'
import { finishedElsewhere, type MadeTenant, makeReady, refuseSettled } from './finish-tenant.ts'
import { checkFiles, type TemplateContext } from './template.ts'

export interface FillContext extends TemplateContext {
  /** Returns what of these may be sent as recorded, by name. */
  readonly recordingsOf: (migrations: readonly Migration[]) => Promise<ReadonlyMap<string, CompiledMigration>>
}

export interface EmptyTenant extends Omit<MadeTenant, 'history'> {
  readonly migrations: readonly Migration[]
  /** Whether another process may have been in its database. */
  readonly isRetried: boolean
  /** Removes its database. */
  readonly remove: () => Promise<void>
  /** Encrypted; whose creation it is after one of which nobody knows how far it came. */
  readonly nextSecret: string
}

/**
 * Brings a database that was not cloned to what new tenants get, with the seed, and makes its tenant ready. Where there is a seed one
 * process at a time is in it. Nothing tells whether it has run in what a killed one has left: that database is removed.
 * @returns false when it was removed, and the tenant is to be made with the next secret
 * @throws FleetError MIGRATION_FAILED, TENANT_EXISTS, TENANT_STATE, TENANT_BUSY
 */
export async function fillTenant(tenant: EmptyTenant, context: FillContext): Promise<boolean> {
  const { id, placement } = tenant
  if (context.seed === undefined) return fill(tenant, context)
  return withClient(await context.provider.connect(placement), { applicationName: 'fleet/create' }, (client) => {
    const refusal = () => new FleetError('TENANT_BUSY', `Another process has been making tenant "${id}" for a minute.`)
    return withAdvisoryLock(client, { name: LOCK, clock: context.clock, patience: PATIENCE_MS, refusal }, async () => {
      await refuseSettled(id, context)
      if (!(await isDoubtful(client, tenant, context))) return fill(tenant, context)
      // Before it goes: should its process be alive against all appearance, what it makes is not the tenant any more.
      if (!(await takeCreationOver(context.db, tenant, tenant.nextSecret))) throw finishedElsewhere(id)
      await tenant.remove()
      return false
    })
  })
}

/** In the tenant's own database. */
const LOCK = 'the tenant is filled'
/** How long another process may take over seeding, in milliseconds. */
const PATIENCE_MS = 60_000

/** Says whether the seed may have run in a database, or half of it. */
async function isDoubtful(
  client: Client,
  { isRetried, migrations }: EmptyTenant,
  { tables }: FillContext,
): Promise<boolean> {
  return isRetried && (migrations.length === 0 || (await readHistory(client, tables)).length > 0)
}

async function fill({ migrations, ...tenant }: EmptyTenant, context: FillContext): Promise<true> {
  const { id, placement } = tenant
  await checkFiles(migrations, context)
  const history = await fillDatabase(await context.provider.connect(placement), migrations, {
    ...context,
    what: `tenant "${id}"`,
    ownerRole: placement.ownerRole,
    recorded: await context.recordingsOf(migrations),
  })
  await saveMigrations(context.db, migrations, { replace: false })
  await makeReady({ ...tenant, history }, context)
  return true
}
