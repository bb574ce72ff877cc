import { type Clock, systemClock } from '../../lib/clock.ts'
import type { ClosureLog } from '../../model/closure.ts'
import type { ConnectionDescriptor } from '../../model/connection.ts'
import { COPIES_AT_ONCE } from '../../model/copies-at-once.ts'
import type { Diagnosis } from '../../model/diagnosis.ts'
import { FleetError } from '../../model/errors.ts'
import { databaseName } from '../database-names.ts'
import type { FoundDatabase, MarkedName, Provider, ServerCapabilities } from '../provider.ts'
import { readAdminRights } from './admin-rights.ts'
import { type AdminServer, adminServer } from './admin-server.ts'
import { branchDatabase } from './branch-database.ts'
import { knownClone, probedClone } from './clone-capability.ts'
import type { CopySettings } from './copy-settings.ts'
import { guessCopyMs } from './copy-strategy.ts'
import { createRestorePoint } from './create-restore-point.ts'
import { createTenantDatabase } from './create-tenant-database.ts'
import { databaseSize } from './database-size.ts'
import { checkDeletable, deleteDatabase } from './delete-database.ts'
import { diagnoseServer } from './diagnose-server.ts'
import { ensureCatalogDatabase } from './ensure-catalog-database.ts'
import { ensureTemplate } from './ensure-template.ts'
import { findDatabases } from './find-databases.ts'
import { findMarked } from './find-marked.ts'
import { foreseeCopies } from './foresee-copies.ts'
import { lookIntoRestorePoint } from './look-into-restore-point.ts'
import { lookUpDatabases } from './look-up-databases.ts'
import { pgbouncer } from './pgbouncer.ts'
import { removeMarked } from './remove-marked.ts'
import { restoreDatabase } from './restore-database.ts'
import { resumeGuard } from './resume-guard.ts'
import { tenantPlacement } from './tenant-placement.ts'

export interface PostgresServer {
  readonly name: string
  /** The admin's way to the maintenance database. */
  readonly admin: ConnectionDescriptor
  /** The PgBouncers in front of it: ways to their admin consoles, and for how long to wait for transactions, in milliseconds. */
  readonly pgbouncer?: { readonly consoles: readonly ConnectionDescriptor[]; readonly pauseTimeout: number }
}

export interface PostgresProviderOptions {
  /** At least one. */
  readonly servers: readonly PostgresServer[]
  /** Required where a server has consoles: nobody is made to wait without a record of it. */
  readonly closures?: ClosureLog
  /** How databases are copied; left out: as it is by default. */
  readonly copies?: CopySettings | undefined
  readonly clock?: Clock
}

/** Makes the provider whose tenants are databases on PostgreSQL servers that are already there. Connects on first use. */
export function createPostgresProvider({
  servers,
  closures = NO_LOG,
  copies = {},
  clock = systemClock,
}: PostgresProviderOptions): Provider {
  const guard = resumeGuard(clock)
  const byName = new Map(
    servers.map(({ name, admin, pgbouncer: { consoles, pauseTimeout } = NO_PGBOUNCER }) => [
      name,
      adminServer({
        name,
        admin,
        pgbouncer: pgbouncer({ server: name, consoles, pauseTimeout, closures, guard, clock }),
        copies,
        clock,
      }),
    ]),
  )
  const all = [...byName.values()]

  function serverOf(name: string): AdminServer {
    const server = byName.get(name)
    if (server !== undefined) return server
    throw new FleetError('CONFIG_INVALID', `There is no server "${name}". There are: ${[...byName.keys()].join(', ')}.`)
  }

  return {
    kind: 'postgres',
    copiesGoWithTenant: false,
    keptIsLast: false,
    keepsDeletedFor: 0,
    sharesServers: true,
    copiesAtOnce: copies.atOnce ?? COPIES_AT_ONCE,
    isPrivate: false,
    hasTemplates: true,
    servers: servers.map((it) => it.name),

    async capabilities({ probe = false } = {}) {
      const found = await Promise.all(all.map((server) => serverCapabilities(server, { probe, clock })))
      return { granularity: 'database', servers: found }
    },

    async ensureCatalogDatabase(fleet) {
      const [only, ...others] = all
      if (only !== undefined && others.length === 0) return ensureCatalogDatabase(only, fleet, clock)
      throw new FleetError('CONFIG_INVALID', 'With several servers, the catalog needs a place of its own.', {
        remedy: 'Set `catalog.url` in the configuration.',
      })
    },

    ensureTemplate: async (spec, build) => ensureTemplate(serverOf(spec.server), spec, { build, clock }),

    async deleteTemplate({ server, database }, mark) {
      await deleteDatabase(serverOf(server), { database, mark, databaseId: null, loginRole: null }, clock)
      return true
    },

    plannedPlacement: (server, mark) => tenantPlacement(serverOf(server).name, mark),

    createDatabase: async (spec) => createTenantDatabase(serverOf(spec.server), spec, clock),

    connect: async ({ server, database }) => ({ ...serverOf(server).admin, database }),

    checkDeletable: async ({ server, database, databaseId, loginRole }, mark) =>
      checkDeletable(serverOf(server), { database, mark, databaseId, loginRole }),

    async deleteDatabase({ server, database, databaseId, loginRole }, mark) {
      await deleteDatabase(serverOf(server), { database, mark, databaseId, loginRole }, clock)
    },

    plannedRestorePoint: ({ server }, mark) => ({ server, database: databaseName(mark) }),

    createRestorePoint: async (placement, mark, looks, { force = false } = {}) =>
      createRestorePoint(serverOf(placement.server), { placement, mark, force }, looks, clock),

    restore: async (request, confirm) =>
      restoreDatabase(serverOf(request.placement.server), request, { clock, confirm }),

    lookIntoRestorePoint: async (point, mark, look) =>
      lookIntoRestorePoint(serverOf(point.server), { point, mark }, { clock, look }),

    async releaseRestorePoint({ server, database, databaseId }, mark) {
      await deleteDatabase(serverOf(server), { database, mark, databaseId, owner: null, loginRole: null }, clock)
      return true
    },

    foreseeCopies: async (server, databases) => foreseeCopies(serverOf(server), databases),

    guessCopyMs,

    plannedBranch: ({ server }, mark) => ({ server, database: databaseName(mark) }),

    branch: async (request) => branchDatabase(serverOf(request.placement.server), request, clock),

    async deleteBranch({ server, database }, mark) {
      await deleteDatabase(serverOf(server), { database, mark, databaseId: null, owner: null, loginRole: null }, clock)
    },

    reopen: async (closure) => serverOf(closure.server).pgbouncer.reopen(closure),

    async *findDatabases(pattern): AsyncGenerator<FoundDatabase> {
      for (const server of all) yield* findDatabases(server, pattern)
    },

    async *findMarked(by): AsyncGenerator<readonly MarkedName[]> {
      for (const server of all) yield* findMarked(server, by)
    },

    removeMarked: async (found, isOrphan) => removeMarked(serverOf(found.server), found, { clock, isOrphan }),

    lookUpDatabases: async (server, names) => lookUpDatabases(serverOf(server), names),

    databaseSize: async (server, name) => serverOf(server).run((client) => databaseSize(client, name)),

    async diagnose(): Promise<readonly Diagnosis[]> {
      return (await Promise.all(all.map(diagnoseServer))).flat()
    },

    async close() {
      guard.close()
      await Promise.all(all.map((server) => server.close()))
    },
  }
}

const NO_PGBOUNCER = { consoles: [], pauseTimeout: 0 }

const NO_LOG: ClosureLog = {
  record: () => Promise.reject(new Error('Clients of PgBouncer are to wait, and there is no place to record it.')),
}

async function serverCapabilities(
  server: AdminServer,
  { probe, clock }: { probe: boolean; clock: Clock },
): Promise<ServerCapabilities> {
  return server.run(async (client) => {
    const { version, superuser } = await readAdminRights(client)
    const clone = probe ? await probedClone(client, { server, clock }) : await knownClone(client)
    return { server: server.name, version, clone, superuser }
  })
}
