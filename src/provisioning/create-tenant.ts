import { randomBytes } from 'node:crypto'
import { joinRollout } from '../catalog/joiners.ts'
import { saveMigrations } from '../catalog/known-migrations.ts'
import { holdRollouts } from '../catalog/meta.ts'
import { countByServer } from '../catalog/tenant-counts.ts'
import {
  changeTenant,
  existingTenantIds,
  findTenant,
  finishTenant,
  recordPlacement,
  recordTenant,
} from '../catalog/tenants.ts'
import { failpoint } from '../lib/failpoint.ts'
import { type ApplyOutcome, applyMigrations } from '../migrations/apply-migrations.ts'
import type { CompiledMigration } from '../migrations/compile/compiled-migration.ts'
import { readHistory } from '../migrations/history.ts'
import type { Migration } from '../migrations/migration.ts'
import { FleetError } from '../model/errors.ts'
import type { Mark } from '../model/mark.ts'
import { Secret } from '../model/secret.ts'
import type { NewTenant, Placement, Tags, Tenant } from '../model/tenant.ts'
import { withClient } from '../postgres/connect.ts'
import { fillDatabase } from './fill-database.ts'
import { checkFiles, ensureTemplate, migrationsForNewTenants, type TemplateContext } from './template.ts'
import { checkNewId } from './tenant-id.ts'

export interface CreateContext extends TemplateContext {
  /** Returns what of these may be sent as recorded, by name. */
  readonly recordingsOf: (migrations: readonly Migration[]) => Promise<ReadonlyMap<string, CompiledMigration>>
  /** Encrypts what is kept in the catalog. */
  readonly seal: (clear: string) => string
  readonly unseal: (sealed: string) => string
  /** Chooses the server; undefined: the one with the fewest tenants. */
  readonly placement: ((tenant: { id: string; tags: Tags }) => string | Promise<string>) | undefined
}

/**
 * Refuses a list of new tenants as a whole, before anything is changed.
 * @throws FleetError TENANT_ID_INVALID, TENANT_EXISTS
 */
export async function checkNewTenants(tenants: readonly NewTenant[], { db }: Pick<CreateContext, 'db'>): Promise<void> {
  const ids = tenants.map((it) => it.id)
  for (const id of ids) checkNewId(id)
  const seen = new Set<string>()
  const twice = ids.find((id) => seen.size === seen.add(id).size)
  if (twice !== undefined) throw new FleetError('TENANT_EXISTS', `Tenant "${twice}" is given twice.`)
  const there = await Promise.all((await existingTenantIds(db, ids)).map((id) => findTenant(db, id)))
  // One whose creation was killed or failed is created again: that finishes it.
  const unfinished = there.filter((it) => it?.state === 'creating' || it?.state === 'failed').map((it) => it?.id)
  const existing = there.find((it) => it !== undefined && !unfinished.includes(it.id))
  if (existing === undefined) return
  throw new FleetError('TENANT_EXISTS', `Tenant "${existing.id}" exists already (${existing.state}).`, {
    ...(unfinished.length > 0
      ? { remedy: `Finish those that are half-made: fleet tenant create ${unfinished.join(' ')}` }
      : {}),
  })
}

/**
 * Creates a tenant: record, clone of the template, ready. Each step may be repeated, so a creation that was killed is
 * finished by running it again.
 * @throws FleetError TENANT_EXISTS, MIGRATION_FAILED, and what the provider throws
 */
export async function createTenant({ id, tags = {} }: NewTenant, context: CreateContext): Promise<Tenant> {
  const { db, provider, clock } = context
  const startedAt = clock.now()
  const mark: Mark = { fleet: context.fleet, catalogId: context.catalogId, kind: 'tenant', key: id }
  const server = await chooseServer({ id, tags }, context)
  const password = randomBytes(24).toString('base64url')
  // Another process may be at it, or one was killed: what the first one recorded counts.
  const record = await recordTenant(db, {
    id,
    origin: 'created',
    tags,
    server,
    placement: null,
    secret: context.seal(password),
    identity: null,
  })
  failpoint('tenant.recorded')
  try {
    await recordPlacement(db, id, provider.plannedPlacement(record.server, mark))
    const migrations = await migrationsForNewTenants(context)
    const template = provider.hasTemplates ? await ensureTemplate(record.server, migrations, context) : null
    const secret = new Secret(context.unseal(record.secret ?? context.seal(password)))
    await refuseSettled(id, context)
    const { extensions } = context
    const spec = { server: record.server, template, extensions, mark, password: secret }
    // Nothing tells whether the seed function has run in what an earlier try has left.
    const isDoubtful = template === null && context.seed !== undefined && !record.isNew
    if (isDoubtful) await provider.deleteDatabase(provider.plannedPlacement(record.server, mark), mark)
    const placement = await provider.createDatabase(spec)
    const history =
      template === null
        ? await fillEmpty({ id, placement, migrations }, context)
        : record.isNew
          ? template.history
          : await ownHistory(placement, context)
    await finish({ id, tags, placement, history }, context)
  } catch (error) {
    // Deleted while it was being made: then nobody else knows of what was made since.
    if ((await findTenant(db, id))?.state === 'deleted')
      await provider.deleteDatabase(provider.plannedPlacement(record.server, mark), mark)
    if (!(error instanceof FleetError && error.code === 'TENANT_EXISTS')) {
      await changeTenant(db, id, 'fail', error instanceof Error ? error.message : String(error)).catch(() => {})
    }
    throw error
  }
  const tenant = await findTenant(db, id)
  if (tenant === undefined) throw new FleetError('TENANT_UNKNOWN', `Tenant "${id}" is gone.`)
  const now = clock.now()
  context.publish({
    type: 'tenant.created',
    at: now.toISOString(),
    tenantId: id,
    version: tenant.version,
    ms: now.getTime() - startedAt.getTime(),
  })
  return tenant
}

/** Building a template may take long, and somebody may have finished the tenant meanwhile, or given it up. */
async function refuseSettled(id: string, { db }: CreateContext): Promise<void> {
  const tenant = await findTenant(db, id)
  if (tenant?.state === 'ready') throw finishedElsewhere(id)
  if (tenant?.state !== 'creating')
    throw new FleetError(
      'TENANT_STATE',
      `Tenant "${id}" is ${tenant?.state ?? 'gone'}: somebody has deleted it meanwhile.`,
    )
}

function finishedElsewhere(id: string): FleetError {
  return new FleetError('TENANT_EXISTS', `Another process has finished or removed tenant "${id}" meanwhile.`)
}

interface Made {
  readonly id: string
  readonly tags: Tags
  readonly placement: Placement
  readonly history: readonly string[]
}

/**
 * Makes the tenant ready at the released version, and a joiner of the rollout that is under way, in one transaction. A
 * rollout that was completed while the template was copied has moved that version: then the tenant is brought there first.
 */
async function finish(made: Made, context: CreateContext): Promise<void> {
  const { db } = context
  let { history } = made
  for (;;) {
    const lacking = await migrationsLacked(history, context)
    if (lacking.length > 0) history = await bringForward({ ...made, history }, lacking, context)
    const done = await db.transaction().execute(async (tx) => {
      await holdRollouts(tx)
      if ((await migrationsLacked(history, { ...context, db: tx })).length > 0) return false
      if (!(await finishTenant(tx, { id: made.id, placement: made.placement, history }))) {
        throw finishedElsewhere(made.id)
      }
      await joinRollout(tx, { id: made.id, tags: made.tags, server: made.placement.server, history })
      return true
    })
    if (done) return
  }
}

async function migrationsLacked(history: readonly string[], context: CreateContext): Promise<readonly Migration[]> {
  return (await migrationsForNewTenants(context)).filter((it) => !history.includes(it.name))
}

async function bringForward(
  { id, placement, history }: Made,
  pending: readonly Migration[],
  context: CreateContext,
): Promise<readonly string[]> {
  const outcome: ApplyOutcome = await applyMigrations({
    connection: await context.provider.connect(placement),
    applicationName: `fleet/create/${id}`,
    expected: history,
    pending,
    tables: context.tables,
    ownerRole: placement.ownerRole,
    timeouts: context.timeouts,
  })
  if (outcome.kind === 'applied') return outcome.history
  throw new FleetError(
    'MIGRATION_FAILED',
    `${outcome.migration ?? 'A migration'} failed on tenant "${id}": ${outcome.message}.`,
  )
}

/** Brings a database that was not cloned to what new tenants get; one that an earlier try has filled has it already. */
async function fillEmpty(
  { id, placement, migrations }: Pick<Made, 'id' | 'placement'> & { readonly migrations: readonly Migration[] },
  context: CreateContext,
): Promise<readonly string[]> {
  await checkFiles(migrations, context)
  const history = await fillDatabase(await context.provider.connect(placement), migrations, {
    ...context,
    what: `tenant "${id}"`,
    ownerRole: placement.ownerRole,
    recorded: await context.recordingsOf(migrations),
  })
  await saveMigrations(context.db, migrations, { replace: false })
  return history
}

async function ownHistory(placement: Placement, { provider, tables }: CreateContext): Promise<readonly string[]> {
  return withClient(await provider.connect(placement), { applicationName: 'fleet/create' }, (client) =>
    readHistory(client, tables),
  )
}

async function chooseServer(
  tenant: { id: string; tags: Tags },
  { db, provider, placement }: CreateContext,
): Promise<string> {
  if (placement === undefined) return emptiest(provider.servers, await countByServer(db))
  const chosen = await placement(tenant)
  if (provider.servers.includes(chosen)) return chosen
  throw new FleetError(
    'CONFIG_INVALID',
    `placement(${tenant.id}) chose server "${chosen}". There are: ${provider.servers.join(', ')}.`,
  )
}

/** Returns the server with the fewest tenants; the first of the configuration among equals. */
export function emptiest(servers: readonly string[], counts: readonly { server: string; tenants: number }[]): string {
  const tenants = (server: string) => counts.find((it) => it.server === server)?.tenants ?? 0
  const [first = '', ...others] = servers
  return others.reduce((best, it) => (tenants(it) < tenants(best) ? it : best), first)
}
