import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { closeClient, openClient, withClient } from '../../src/postgres/connect.ts'
import { parseConnectionString } from '../../src/postgres/connection-string.ts'
import { quoteIdentifier } from '../../src/postgres/identifiers.ts'
import { ids, setupFleet, type TestFleet } from '../support/fleet.ts'
import { startFleet } from '../support/fleet-process.ts'
import { superuser } from '../support/test-server.ts'

/** FLEET_TEST_TENANTS=100 for the whole of it. */
const TENANTS = Number(process.env.FLEET_TEST_TENANTS ?? 10)
const WRITTEN_TO = 3
const BEFORE = ['0001_items', '0002_price']

/** What was there before the rollout, with what it is to lose. */
const CHECKSUM = `select md5(string_agg(format('%s %s', id, price), ',' order by id)) as checksum from items where id <= 20`

test('a dropped column under live writers is undone over the fleet, with processes killed at random', async () => {
  const setup = await setupFleet({
    rollout: { failureMode: 'soft', concurrency: 6, waves: [{ name: 'early', size: '20%' }, { name: 'rest' }] },
  })
  const { fleet, create, migration, inTenant } = setup
  const tenants = ids(TENANTS)
  const others = ['x1', 'x2']
  await create([...tenants, ...others])
  await fleet.rollouts.start()
  for (const id of [...tenants, ...others])
    await inTenant(id, (client) =>
      client.query('insert into items select n, (random() * 1000)::int from generate_series(1, 20) n'),
    )
  const before = await checksums(setup, [...tenants, ...others])
  const untouched = await oids(setup, others)
  const writers = await Promise.all(tenants.slice(0, WRITTEN_TO).map((id) => startWriter(setup, id)))
  onTestFinished(() => Promise.all(writers.map((it) => it.stop())).then(() => {}))

  await migration('0003_drop', 'await sql`alter table items drop column price`.execute(db)')
  const skip = others.flatMap((id) => ['--skip-tenant', id])
  await killedUntilDone(setup, ['rollout', 'start', '--yes', ...skip])
  const status = await fleet.rollouts.status()
  expect(status).toMatchObject({ state: 'completed', outcome: 'succeeded' })
  expect(await setup.histories(tenants)).toEqual(
    Object.fromEntries(tenants.map((id) => [id, [...BEFORE, '0003_drop']])),
  )

  await killedUntilDone(setup, ['rollout', 'undo', status.id, '--yes', '--accept-data-loss', '--salvage', 'salvaged'])
  expect(await fleet.rollouts.status()).toMatchObject({ state: 'completed', outcome: 'succeeded', undoes: status.id })
  const written = await Promise.all(writers.map((it) => it.stop()))

  expect(await setup.histories(tenants)).toEqual(Object.fromEntries(tenants.map((id) => [id, BEFORE])))
  expect(await checksums(setup, [...tenants, ...others])).toEqual(before)
  expect(await oids(setup, others)).toEqual(untouched)
  // What was committed since is in the tenant or in the state that was kept: nothing is nowhere.
  for (const { id, committed } of written) {
    expect(committed.length, id).toBeGreaterThan(0)
    const [kept, ...more] = (await fleet.restorePoints.list({ tenantId: id })).filter(({ state }) => state === 'ready')
    expect(more).toEqual([])
    const there = new Set(await numbersIn(`${setup.name}_${id}`))
    const lost = committed.filter((number) => !there.has(number))
    const inKept = new Set(await numbersIn(kept?.database ?? ''))
    expect(
      lost.filter((number) => !inKept.has(number)),
      id,
    ).toEqual([])
    const salvaged = new Set(await salvagedNumbers(join(setup.root, 'salvaged', id)))
    expect(
      lost.filter((number) => !salvaged.has(number)),
      id,
    ).toEqual([])
  }
  // What a killed process was making is taken for given up after an hour.
  await setup.inCatalog((client) =>
    client.query(`update fleet.restore_point set created_at = now() - interval '2 hours' where state = 'creating'`),
  )
  for await (const _ of fleet.restorePoints.prune());
  expect(await databases(setup)).toBe(tenants.length * 2 + others.length)
}, 600_000)

/** Runs a command again and again, and kills all but the last run at a random moment of what it has to do. */
async function killedUntilDone({ root, env, inCatalog }: TestFleet, args: readonly string[]): Promise<void> {
  const succeeded = async () => {
    const { rows } = await inCatalog((client) =>
      client.query(`select count(*)::int as n from fleet.tenant_run
        where state = 'succeeded' and rollout_id = (select max(id) from fleet.rollout where state <> 'planned')`),
    )
    return rows[0].n as number
  }
  const start = await succeeded()
  for (const part of [0.1, 0.4, 0.7]) {
    const driver = startFleet(args, { root, env })
    const killAt = Math.ceil(TENANTS * (part + Math.random() * 0.1))
    const isThere = async () => {
      const done = await succeeded()
      // Of the rollout before, until this one has begun.
      return done >= killAt && (part > 0.1 || done !== start)
    }
    while (driver.child.exitCode === null && !(await isThere()));
    driver.child.kill('SIGKILL')
    await driver.ended
  }
  const last = startFleet(args, { root, env })
  expect(await last.ended, last.output().slice(-2000)).toBe(0)
}

interface Writer {
  /** Ends it; the numbers that it was told are committed. */
  stop(): Promise<{ readonly id: string; readonly committed: readonly number[] }>
}

/** Inserts numbers from 100 on as the tenant's application, one after the other, and connects anew when it is thrown out. */
async function startWriter({ fleet }: TestFleet, id: string): Promise<Writer> {
  const url = parseConnectionString(await fleet.tenants.url(id, { reveal: true }))
  const committed: number[] = []
  let isStopped = false
  let next = 100
  const write = async () => {
    while (!isStopped) {
      try {
        const client = await openClient(url, { applicationName: 'application' })
        client.on('error', () => {})
        try {
          while (!isStopped) {
            next += 1
            await client.query('insert into items (id) values ($1)', [next])
            committed.push(next)
          }
        } finally {
          await closeClient(client).catch(() => {})
        }
      } catch {
        // Thrown out, or not let in yet.
      }
    }
  }
  const written = write()
  return {
    stop: async () => {
      isStopped = true
      await written
      return { id, committed }
    },
  }
}

async function checksums({ inTenant }: TestFleet, tenants: readonly string[]): Promise<Record<string, string>> {
  const found: Record<string, string> = {}
  for (const id of tenants) found[id] = (await inTenant(id, (client) => client.query(CHECKSUM))).rows[0].checksum
  return found
}

/** No file: there was nothing that only the kept state has. */
async function salvagedNumbers(folder: string): Promise<number[]> {
  expect(await readdir(folder)).toContain('salvage.json')
  const text = await readFile(join(folder, 'public.items.csv'), 'utf8').catch(() => '')
  const [head, ...lines] = text.split('\n')
  const column = head?.split(',').indexOf('"id"') ?? 0
  return lines.filter((line) => line !== '').map((line) => Number(line.split(',')[column]?.replaceAll('"', '')))
}

async function oids({ name, inCatalog }: TestFleet, tenants: readonly string[]): Promise<unknown[]> {
  const names = tenants.map((id) => `${name}_${id}`)
  return (
    await inCatalog((client) =>
      client.query('select datname, oid from pg_database where datname = any($1) order by 1', [names]),
    )
  ).rows
}

async function databases({ name, inCatalog }: TestFleet): Promise<number> {
  const { rows } = await inCatalog((client) =>
    client.query(
      `select count(*)::int as n from pg_database
       where starts_with(datname, $1) and datname not like '%catalog' and not starts_with(datname, $2)`,
      [`${name}_`, `${name}__template`],
    ),
  )
  return rows[0].n
}

/** Opens a database that nobody can connect to, as only a superuser may. */
async function numbersIn(database: string): Promise<number[]> {
  await withClient(superuser(), { applicationName: 'test' }, (client) =>
    client.query(`alter database ${quoteIdentifier(database)} allow_connections true`),
  )
  return withClient({ ...superuser(), database }, { applicationName: 'test' }, async (client) => {
    const { rows } = await client.query('select id from items where id > 20')
    return rows.map((row) => row.id)
  })
}
