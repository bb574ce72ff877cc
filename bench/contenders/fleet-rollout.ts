import { openCatalog } from '../../src/catalog/open-catalog.ts'
import { parseConfig } from '../../src/config/parse-config.ts'
import { openFleet } from '../../src/fleet/open-fleet.ts'
import { programVersion } from '../../src/lib/program-version.ts'
import type { Migration } from '../../src/migrations/migration.ts'
import type { ConnectionDescriptor } from '../../src/model/connection.ts'
import { formatConnectionString } from '../../src/postgres/connection-string.ts'
import { OWNER_ROLE } from '../../src/providers/postgres/fleet-role-names.ts'
import { type BenchServer, SERVER } from '../bench-server.ts'
import { MIGRATIONS_FOLDER } from '../migrations-folder.ts'
import { seedCatalog } from '../seed-catalog.ts'
import type { BenchTask, Contender } from './contender.ts'

export interface FleetContender extends Contender {
  /** Replaces the tenants of the catalog by so many that are current. */
  seedCurrent(tenants: number): Promise<void>
}

export interface FleetContenderOptions {
  readonly server: BenchServer
  /** The server as the fleet reaches its tenants; the catalog is reached directly. */
  readonly through: ConnectionDescriptor
  readonly migrations: readonly Migration[]
  readonly tenants: number
  readonly concurrency: number
}

/** How this one differs from other contenders of its kind: `rollout.proof` and `--no-replay`, by default the fleet's. */
export interface FleetVariant {
  readonly name: string
  readonly proof?: number
  readonly replay?: boolean
}

/** This library: `fleet.rollouts.start` with everything that it takes to be safe, through the public door. */
export async function createFleetRollout(
  { server, through, migrations, tenants, concurrency }: FleetContenderOptions,
  { name, proof, replay = true }: FleetVariant,
): Promise<FleetContender> {
  const address = await server.provider.ensureCatalogDatabase('bench')
  const urlOf = (to: ConnectionDescriptor) => formatConnectionString(to, { reveal: true })
  const config = parseConfig(
    {
      name: 'bench',
      provider: { kind: 'postgres', servers: { [SERVER]: urlOf(through) } },
      catalog: { url: urlOf(address) },
      migrations: { folder: MIGRATIONS_FOLDER },
      rollout: { concurrency, perServer: concurrency, failureMode: 'soft', ...(proof === undefined ? {} : { proof }) },
    },
    { root: server.root },
  )
  const fleet = await openFleet(config)
  const catalog = await openCatalog(address, {
    fleet: 'bench',
    programVersion: programVersion(),
    upgrade: false,
    maxConnections: 1,
  })
  const names = migrations.map((it) => it.name)
  const tenth = names.at(-2) ?? ''
  const seed = (count: number, history: readonly string[]) =>
    seedCatalog(catalog.db, { tenants: count, servers: [SERVER], histories: [history], ownerRole: OWNER_ROLE })
  const optionsOf = (task: BenchTask) => (task === 'ten migrations' ? { to: tenth, replay } : { replay })
  const plan = async (task: BenchTask) => {
    const planned = await fleet.rollouts.plan(optionsOf(task))
    const dynamic = planned.migrations.find(({ assessment }) => assessment.kind === 'dynamic')
    if (dynamic !== undefined) throw new Error(`${dynamic.name} is dynamic: it would not be replayed.`)
  }
  return {
    name,
    // As when somebody has looked at the plan: what starts then has been recorded and assessed.
    prepare: async () => {
      await seed(tenants, names.slice(0, -1))
      await plan('one migration')
      await seed(tenants, [])
      await plan('ten migrations')
    },
    run: async (task) => {
      const result = await fleet.rollouts.start(optionsOf(task))
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
