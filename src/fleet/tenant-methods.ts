import { joinRollout } from '../catalog/joiners.ts'
import { holdRollouts } from '../catalog/meta.ts'
import { listRunsOfTenant } from '../catalog/rollout-progress.ts'
import { pinTenants, tagTenants, unpinTenant } from '../catalog/tenant-tags.ts'
import { existingTenantIds, listTenants, readAnySecret, recordPooler, sampleTenantIds } from '../catalog/tenants.ts'
import { mapConcurrently } from '../lib/map-concurrently.ts'
import { pendingMigrations } from '../migrations/pending-migrations.ts'
import type { Address } from '../model/connection.ts'
import { FleetError } from '../model/errors.ts'
import { Secret } from '../model/secret.ts'
import type { Placement } from '../model/tenant.ts'
import { formatConnectionString } from '../postgres/connection-string.ts'
import { adoptTenants, findCandidates } from '../provisioning/adopt-tenants.ts'
import { checkNewTenants, createTenant } from '../provisioning/create-tenant.ts'
import { deleteTenant } from '../provisioning/delete-tenant.ts'
import { refreshTenants } from '../provisioning/refresh-tenants.ts'
import { unknownTenant } from '../provisioning/unknown-tenant.ts'
import { dropBranchesOf } from '../rehearsal/drop-branches.ts'
import { releaseRestorePointsOf } from '../restore/release-restore-points.ts'
import type { Fleet } from './fleet.ts'
import { knownTenant } from './known-tenant.ts'
import { createContext, type Parts } from './parts.ts'
import { publicTenant } from './public-tenant.ts'
import { restoreContext } from './restore-methods.ts'

/** Copies of a template made at once: more only wait for each other's checkpoints and disk. */
const CREATE_AT_ONCE = 4

export function tenantMethods(parts: Parts): Fleet['tenants'] {
  const { catalog, provider, config, clock, connect, files, seal } = parts
  const { db } = catalog
  const refreshing = { db, connect, tables: config.migrations, clock, publish: createContext(parts).publish }

  const known = (id: string) => knownTenant(db, id)

  async function allKnown(ids: readonly string[]): Promise<void> {
    const there = new Set(await existingTenantIds(db, ids))
    const missing = ids.find((id) => !there.has(id))
    if (missing !== undefined) throw unknownTenant(missing, await sampleTenantIds(db, 1000))
  }

  /** What is sealed with another key than the rest could not be opened by whoever has the right one. */
  async function checkKey(): Promise<void> {
    const sealed = await readAnySecret(db)
    if (sealed !== undefined) parts.unseal(sealed)
  }

  async function poolerOf(id: string, placement: Placement): Promise<Address> {
    if (provider.poolerOf === undefined || placement.address !== undefined)
      throw new FleetError('POOLER_UNKNOWN', `The fleet knows no pooler of tenant "${id}".`)
    if (placement.pooler !== undefined) return placement.pooler
    const pooler = await provider.poolerOf(placement)
    // Kept, so that the next who asks needs no call.
    await recordPooler(db, id, pooler)
    return pooler
  }

  return {
    async *create(tenants) {
      const context = createContext(parts)
      await checkKey()
      await checkNewTenants(tenants, context)
      yield* mapConcurrently(tenants, CREATE_AT_ONCE, async (tenant) =>
        publicTenant(await createTenant(tenant, context)),
      )
    },
    list: async function* (filter) {
      for await (const tenant of listTenants(db, filter)) yield publicTenant(tenant)
    },
    show: async (id) => {
      const tenant = await known(id)
      const available = (await files.list()).map((it) => it.name)
      const pending = pendingMigrations({
        available,
        history: tenant.history,
        allowUnordered: config.migrations.allowUnordered,
      })
      return {
        ...publicTenant(tenant),
        pending: pending.kind === 'pending' ? pending.migrations : [],
        runs: await listRunsOfTenant(db, id, 10),
      }
    },
    tag: async (ids, tags) => {
      await allKnown(ids)
      await tagTenants(db, ids, tags)
    },
    pin: async (ids, reason) => {
      await allKnown(ids)
      await pinTenants(db, ids, reason)
    },
    unpin: async (ids) => {
      await allKnown(ids)
      for (const id of ids) {
        const { tags, history, placement } = await known(id)
        await db.transaction().execute(async (tx) => {
          await holdRollouts(tx)
          await unpinTenant(tx, id)
          if (placement !== null) await joinRollout(tx, { id, tags, history, server: placement.server })
        })
      }
    },
    refresh: async (ids) => {
      if (ids === undefined) return refreshTenants(listTenants(db), refreshing)
      return refreshTenants(await Promise.all(ids.map(known)), refreshing)
    },
    delete: async (ids) => {
      await allKnown(ids)
      const context = {
        ...restoreContext(parts),
        clock,
        releaseRestorePoints: async (id: string) => {
          await dropBranchesOf(id, restoreContext(parts))
          await releaseRestorePointsOf(id, restoreContext(parts))
        },
        publish: refreshing.publish,
      }
      return Array.fromAsync(mapConcurrently(ids, CREATE_AT_ONCE, (id) => deleteTenant(id, context)))
    },
    url: async (id, { reveal = false, pooled = false } = {}) => {
      const tenant = await known(id)
      const { placement } = tenant
      if (tenant.state !== 'ready' || placement === null)
        throw new FleetError('TENANT_STATE', `Tenant "${id}" is ${tenant.state}: it has no URL.`)
      const pooler = pooled ? await poolerOf(id, placement) : undefined
      if (placement.address) return formatConnectionString(await connect(id, placement), { reveal })
      if (placement.loginRole === null) {
        throw new FleetError(
          'TENANT_STATE',
          `Tenant "${id}" was adopted: the fleet does not know the role of its application.`,
        )
      }
      const password = reveal ? await parts.readPassword(id) : new Secret('')
      return formatConnectionString(
        { ...(pooler ?? (await provider.connect(placement))), user: placement.loginRole, password },
        { reveal },
      )
    },
    adopt: async function* (candidates, { dryRun = false } = {}) {
      await checkKey()
      const available = (await files.list()).map((it) => it.name)
      const { allowUnordered } = config.migrations
      yield* adoptTenants(candidates, {
        db,
        provider,
        fleet: config.name,
        catalogId: catalog.id,
        tables: config.migrations,
        available,
        allowUnordered,
        seal,
        dryRun,
      })
    },
    findCandidates: (pattern) => findCandidates(pattern, { db, provider, fleet: config.name, catalogId: catalog.id }),
  }
}
