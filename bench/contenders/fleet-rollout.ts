import { openCatalog } from '../../src/catalog/open-catalog.ts'
import { parseConfig } from '../../src/config/parse-config.ts'
import { openFleet } from '../../src/fleet/open-fleet.ts'
import { programVersion } from '../../src/lib/program-version.ts'
import type { Migration } from '../../src/migrations/migration.ts'
import { OWNER_ROLE } from '../../src/providers/postgres/fleet-role-names.ts'
import { type BenchServer, SERVER } from '../bench-server.ts'
import { MIGRATIONS_FOLDER } from '../migrations-folder.ts'
import { seedCatalog } from '../seed-catalog.ts'
import type { Contender } from './contender.ts'

export interface FleetContender extends Contender {
  /** Replaces the tenants of the catalog by so many that are current. */
  seedCurrent(tenants: number): Promise<void>
}

/** This library: `fleet.rollouts.start` with everything that it takes to be safe, through the public door. */
export async function createFleetRollout({
  server,
  migrations,
  tenants,
  concurrency,
}: {
  server: BenchServer
  migrations: readonly Migration[]
  tenants: number
  concurrency: number
}): Promise<FleetContender> {
  const config = parseConfig(
    {
      name: 'bench',
      provider: { kind: 'embedded' },
      migrations: { folder: MIGRATIONS_FOLDER },
      rollout: { concurrency, perServer: concurrency, failureMode: 'soft' },
    },
    { root: server.root },
  )
  const fleet = await openFleet(config)
  const catalog = await openCatalog(await server.provider.ensureCatalogDatabase('bench'), {
    fleet: 'bench',
    programVersion: programVersion(),
    upgrade: false,
    maxConnections: 1,
  })
  const names = migrations.map((it) => it.name)
  const tenth = names.at(-2) ?? ''
  const seed = (count: number, history: readonly string[]) =>
    seedCatalog(catalog.db, { tenants: count, servers: [SERVER], histories: [history], ownerRole: OWNER_ROLE })
  return {
    name: 'fleet rollout',
    prepare: () => seed(tenants, []),
    run: async (task) => {
      const result = await fleet.rollouts.start(task === 'ten migrations' ? { to: tenth } : {})
      const end = result.kind === 'rested' ? result.status.outcome : result.kind
      if (end !== (task === 'nothing to do' ? 'nothing-to-do' : 'succeeded'))
        throw new Error(`The rollout ended ${end}.`)
    },
    seedCurrent: (count) => seed(count, names),
    close: async () => {
      await catalog.close()
      await fleet.close()
    },
  }
}
