import { randomBytes } from 'node:crypto'
import { countByServer } from '../catalog/tenant-counts.ts'
import { type Creation, failTenant, recordPlacement, recordTenant } from '../catalog/tenant-creation.ts'
import { existingTenantIds, findTenant } from '../catalog/tenants.ts'
import { failpoint } from '../lib/failpoint.ts'
import { readHistory } from '../migrations/history.ts'
import { FleetError, type FleetErrorCode } from '../model/errors.ts'
import type { Mark } from '../model/mark.ts'
import { Secret } from '../model/secret.ts'
import type { NewTenant, Placement, Tags, Tenant } from '../model/tenant.ts'
import { withClient } from '../postgres/connect.ts'
import { type FillContext, fillTenant } from './fill-tenant.ts'
import { makeReady, refuseSettled } from './finish-tenant.ts'
import { requireOneKind } from './require-one-kind.ts'
import { ensureTemplate, migrationsForNewTenants } from './template.ts'
import { checkNewId } from './tenant-id.ts'

export interface CreateContext extends FillContext {
  /** Encrypts what is kept in the catalog. */
  readonly seal: (clear: string) => string
  readonly unseal: (sealed: string) => string
  /** Chooses the server; undefined: the one with the fewest tenants. */
  readonly placement: ((tenant: { id: string; tags: Tags }) => string | Promise<string>) | undefined
}

/**
 * Refuses a list of new tenants as a whole, before anything is changed.
 * @throws FleetError TENANT_ID_INVALID, TENANT_EXISTS, CONFIG_INVALID
 */
export async function checkNewTenants(
  tenants: readonly NewTenant[],
  { db, provider, fleet, catalogId }: Pick<CreateContext, 'db' | 'provider' | 'fleet' | 'catalogId'>,
): Promise<void> {
  await requireOneKind(db, provider)
  const ids = tenants.map((it) => it.id)
  for (const id of ids) {
    checkNewId(id)
    // It refuses names that are taken, which are the same on all servers.
    provider.plannedPlacement(provider.servers[0] ?? '', { fleet, catalogId, kind: 'tenant', key: id })
  }
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
  const password = randomPassword()
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
  let creation: Creation = { id, secret: record.secret }
  const planned = provider.plannedPlacement(record.server, mark)
  let made = planned
  try {
    await recordPlacement(db, id, planned)
    const migrations = await migrationsForNewTenants(context)
    const template = provider.hasTemplates ? await ensureTemplate(record.server, migrations, context) : null
    let { isBegun } = record
    for (let isRetried = !record.isNew, done = false; !done; isRetried = false) {
      await refuseSettled(id, context)
      const clear = new Secret(creation.secret === null ? password : context.unseal(creation.secret))
      const { extensions } = context
      const placement = await provider.createDatabase({
        server: record.server,
        template,
        extensions,
        mark,
        password: clear,
        isRetry: isBegun,
      })
      made = placement
      if (template !== null) {
        const history = isRetried ? await ownHistory(placement, context) : template.history
        await makeReady({ ...creation, tags, placement, history }, context)
        done = true
      } else {
        const nextSecret = context.seal(randomPassword())
        const remove = () => provider.deleteDatabase(placement, mark)
        done = await fillTenant({ ...creation, tags, placement, migrations, isRetried, remove, nextSecret }, context)
        if (done) break
        creation = { id, secret: nextSecret }
        made = planned
        isBegun = false
      }
    }
  } catch (error) {
    // Deleted while it was being made: then nobody else knows of what was made since.
    const state = (await findTenant(db, id))?.state
    if (state === 'deleting' || state === 'deleted') await provider.deleteDatabase(made, mark)
    if (!(error instanceof FleetError && ELSEWHERE.includes(error.code)))
      await failTenant(db, creation, error instanceof Error ? error.message : String(error)).catch(() => {})
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

/** Another process is at it, and no failure is its own. */
const ELSEWHERE: readonly FleetErrorCode[] = ['TENANT_EXISTS', 'TENANT_BUSY']

function randomPassword(): string {
  return randomBytes(24).toString('base64url')
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
