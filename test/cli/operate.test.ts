import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test, vi } from 'vitest'
import { withClient } from '../../src/postgres/connect.ts'
import { quoteIdentifier } from '../../src/postgres/identifiers.ts'
import { FIRST, ids, SECOND, setupFleet, type TestFleet } from '../support/fleet.ts'
import { runFleet, startFleet } from '../support/fleet-process.ts'
import { superuser } from '../support/test-server.ts'

// Each command is a process of its own.
vi.setConfig({ testTimeout: 180_000 })

/** Only where there are rows: the trace of a plan has none. */
const SLEEPS = 'await sql`select pg_sleep(60) from items`.execute(db)'
const THIRD = '0003_third'

/** Says how many backends run a migration in a tenant. */
async function backends({ inCatalog, name }: TestFleet): Promise<number> {
  const { rows } = await inCatalog((client) =>
    client.query<{ n: number }>(
      `select count(*)::int as n from pg_stat_activity
       where datname like $1 and application_name like 'fleet/r%' and wait_event = 'PgSleep'`,
      [`${name}\\_t%`],
    ),
  )
  return rows[0]?.n ?? 0
}

async function until(holds: () => Promise<boolean>): Promise<void> {
  while (!(await holds())) await new Promise((resolve) => setTimeout(resolve, 50))
}

test('a second Ctrl-C ends what runs in the tenants at once, and the rollout can be resumed', async () => {
  const it = await setupFleet({ rollout: { failureMode: 'soft', concurrency: 2, proof: 0 } })
  await it.create(ids(2))
  for (const id of ids(2)) await it.inTenant(id, (client) => client.query('insert into items (id) values (1)'))
  await it.migration(THIRD, SLEEPS)
  const driver = startFleet(['rollout', 'start', '--yes'], it)
  await until(async () => (await backends(it)) === 2)
  driver.child.kill('SIGINT')
  await driver.printed('stop at once')
  driver.child.kill('SIGINT')
  expect(await driver.ended, driver.output()).toBe(130)
  await until(async () => (await backends(it)) === 0)
  expect(await it.histories(ids(2))).toEqual({ t001: [FIRST, SECOND], t002: [FIRST, SECOND] })
  const resumed = startFleet(['rollout', 'resume'], it)
  await until(async () => (await backends(it)) === 2)
  resumed.child.kill('SIGTERM')
  await resumed.printed('stop at once')
  resumed.child.kill('SIGTERM')
  expect(await resumed.ended).toBe(130)
  expect(await runFleet(['rollout', 'abort', '--yes'], it)).toMatchObject({ code: 0 })
})

test('a rollout is watched from elsewhere until it rests, and the exit code says how it ended', async () => {
  const it = await setupFleet({ rollout: { proof: 0 } })
  await it.create(ids(3))
  await it.migration(THIRD, `await sql\`select pg_sleep(0.5)\`.execute(db)`)
  await it.inTenant('t002', (client) => client.query('drop table items'))
  await it.migration('0004_fails', 'await sql`alter table items add column more int`.execute(db)')
  const driver = startFleet(['rollout', 'start', '--yes'], it)
  await driver.printed('started')
  const watcher = startFleet(['rollout', 'status', '-w'], it)
  expect(await driver.ended).toBe(3)
  expect(await watcher.ended, watcher.output()).toBe(3)
  expect(watcher.output()).toContain('failure-budget')
  expect(watcher.output()).toContain('42P01')
})

test('a rollout in the way is refused, and given up for another one with --supersede', async () => {
  const it = await setupFleet()
  await it.create(ids(2))
  await it.migration(THIRD, 'await sql`alter table no_such_table add column more int`.execute(db)')
  expect(await runFleet(['rollout', 'start', '--yes'], it)).toMatchObject({ code: 3 })
  await it.migration(THIRD, 'await sql`alter table items add column more int`.execute(db)')
  const refused = await runFleet(['rollout', 'start', '--yes'], it)
  expect(refused.code, refused.output).toBe(5)
  expect(refused.output).toContain('--supersede')
  const replaced = await runFleet(['rollout', 'start', '--yes', '--supersede'], it)
  expect(replaced.code, replaced.output).toBe(0)
  expect(await it.histories(ids(2))).toEqual({ t001: [FIRST, SECOND, THIRD], t002: [FIRST, SECOND, THIRD] })
})

test('databases of a server are adopted by their names, and those that cannot be are named', async () => {
  const it = await setupFleet()
  await it.create(['made'])
  const databases = [1, 2].map((n) => `${it.name}_x_old_${n}`)
  const empty = `${it.name}_x_none`
  await withClient(superuser(), { applicationName: 'test' }, async (client) => {
    for (const database of [...databases, empty]) await client.query(`create database ${quoteIdentifier(database)}`)
  })
  for (const database of databases) {
    await withClient({ ...superuser(), database }, { applicationName: 'test' }, (client) =>
      client.query(`create table kysely_migration (name varchar(255) primary key, "timestamp" varchar(255) not null);
        insert into kysely_migration values ('${FIRST}', '2024-01-01T00:00:00.000Z'); create table items (id int primary key);
        -- An admin that is no superuser reads it, too.
        grant select on kysely_migration to public`),
    )
  }
  const like = ['tenant', 'adopt', '--like', `${it.name.replaceAll('_', '\\_')}\\_x\\_%`]
  const dry = await runFleet([...like, '--dry-run'], it)
  expect(dry.output).toContain('3 databases offered')
  expect(await it.fleet.status()).toMatchObject({ tenants: 1 })
  await runFleet([...like, '--yes'], it)
  const adopted: (string | null)[][] = []
  for await (const { id, version } of it.fleet.tenants.list()) adopted.push([id, version])
  expect(adopted.filter(([id]) => id !== 'made')).toEqual(databases.map((database) => [database, FIRST]))
})

test('plugins of the configuration file are those of a live run and of the recording', async () => {
  const it = await setupFleet({ rollout: { proof: 1 } })
  await it.create(ids(3))
  const config = { name: it.name, provider: { kind: 'postgres', url: it.url }, rollout: { proof: 1 } }
  await writeFile(
    join(it.root, 'fleet.config.ts'),
    `import { CamelCasePlugin } from 'kysely'
     export default { ...${JSON.stringify(config)}, migrations: { plugins: [new CamelCasePlugin()] } }`,
  )
  await it.migration(THIRD, `await db.schema.createTable('lineItems').addColumn('itemCount', 'integer').execute()`)
  const shown = await runFleet(['migrate', 'show', THIRD], it)
  expect(shown.output).toContain('create table "line_items" ("item_count" integer)')
  const rollout = await runFleet(['rollout', 'start', '--yes'], it)
  expect(rollout.code, rollout.output).toBe(0)
  expect(rollout.output).toContain('sent as recorded from now on')
  for (const id of ids(3))
    expect((await it.inTenant(id, (client) => client.query('select item_count from line_items'))).rows).toEqual([])
})
