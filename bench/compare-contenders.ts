import { loadMigrations } from '../src/migrations/load-migrations.ts'
import type { ConnectionDescriptor } from '../src/model/connection.ts'
import { withClient } from '../src/postgres/connect.ts'
import { type BenchServer, runAsAdmin, setAutovacuum } from './bench-server.ts'
import { prepareTenants } from './bench-tenants.ts'
import { type BenchTask, type Contender, TASKS } from './contenders/contender.ts'
import { createFleetRollout } from './contenders/fleet-rollout.ts'
import { createFloor } from './contenders/floor.ts'
import { createKyselyMigrator } from './contenders/kysely-migrator.ts'
import { MIGRATIONS_FOLDER } from './migrations-folder.ts'
import { type Sample, summarize, time } from './statistics.ts'

export interface CompareOptions {
  readonly tenants: number
  readonly concurrency: number
  /** How contenders reach the tenants: the server's address, or that of a proxy in front of it. */
  readonly through: ConnectionDescriptor
  readonly rounds: number
  /** Sizes of the fleet at which doing nothing is measured. */
  readonly sizes: readonly number[]
  readonly log: (line: string) => void
}

export interface Comparison {
  /** Milliseconds by task, then by the contender's name; the first three are the floor, the Migrator, and replay. */
  readonly tasks: ReadonlyMap<BenchTask, ReadonlyMap<string, Sample>>
  /** Milliseconds that `fleet.rollouts.start` takes to find nothing to do, by the number of tenants. */
  readonly nothingToDo: ReadonlyMap<number, Sample>
}

/** Lets all contenders do the same work in turn, on databases that are alike, so that noise hits all of them. */
export async function compareContenders(server: BenchServer, options: CompareOptions): Promise<Comparison> {
  const { concurrency, through, rounds, log } = options
  const { admin } = server
  const migrations = await loadMigrations({ folder: MIGRATIONS_FOLDER, root: server.root })
  const tenants = await prepareTenants(server, options.tenants)
  const { databases } = tenants
  const bare = { through, databases, migrations, concurrency }
  const contenders = [await createFloor(bare), createKyselyMigrator(bare)]
  const rollout = { server, through, migrations, tenants: options.tenants, concurrency }
  const fleet = await createFleetRollout(rollout, { name: 'fleet rollout, proof: 0', proof: 0 })
  const proving = await createFleetRollout(rollout, { name: 'fleet rollout' })
  const live = await createFleetRollout(rollout, { name: 'fleet rollout --no-replay', replay: false })
  contenders.push(fleet, proving, live)
  const times = new Map(TASKS.map((task) => [task, new Map(contenders.map((it) => [it.name, [] as number[]]))]))
  // A worker in each of some hundred databases in turn would be noise only.
  await setAutovacuum(admin, 'off')
  try {
    for (let round = 0; round < rounds; round += 1) {
      for (const contender of inTurn(contenders, round)) {
        await tenants.reset()
        await contender.prepare()
        for (const task of TASKS) {
          await runAsAdmin(admin, ['checkpoint'])
          const ms = await time(() => contender.run(task))
          times.get(task)?.get(contender.name)?.push(ms)
          log(`round ${round + 1}/${rounds}  ${contender.name}  ${task}  ${Math.round(ms)} ms`)
        }
        await checkHistories(server, databases, migrations.length)
      }
    }
    const nothingToDo = new Map<number, Sample>()
    for (const size of options.sizes) {
      await fleet.seedCurrent(size)
      // The first call plans with empty caches of the catalog's connections.
      await fleet.run('nothing to do')
      const all: number[] = []
      for (let round = 0; round < rounds; round += 1) all.push(await time(() => fleet.run('nothing to do')))
      nothingToDo.set(size, summarize(all))
    }
    return {
      tasks: new Map(
        [...times].map(([task, byName]) => [task, new Map([...byName].map(([name, all]) => [name, summarize(all)]))]),
      ),
      nothingToDo,
    }
  } finally {
    for (const contender of contenders) await contender.close()
    await setAutovacuum(admin, 'on')
  }
}

/** Each round another one begins. */
function inTurn(contenders: readonly Contender[], round: number): readonly Contender[] {
  const first = round % contenders.length
  return [...contenders.slice(first), ...contenders.slice(0, first)]
}

/** A contender that is fast because it did not do its work is found out. */
async function checkHistories({ admin }: BenchServer, databases: readonly string[], expected: number): Promise<void> {
  for (const database of databases.filter((_, index) => index % 20 === 0)) {
    const { rows } = await withClient({ ...admin, database }, { applicationName: 'fleet/bench' }, (client) =>
      client.query<{ applied: number }>('select count(*)::int as applied from kysely_migration'),
    )
    if (rows[0]?.applied !== expected) throw new Error(`${database} has ${rows[0]?.applied} of ${expected} migrations.`)
  }
}
