import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Kysely, PostgresDialect } from 'kysely'
import { Migrator } from 'kysely/migration'
import { expect, onTestFinished, test } from 'vitest'
import { loadMigrations } from '../../src/migrations/load-migrations.ts'
import type { ConnectionDescriptor } from '../../src/model/connection.ts'
import { openPool, withClient } from '../../src/postgres/connect.ts'
import { formatConnectionString } from '../../src/postgres/connection-string.ts'
import { FIRST, SECOND, setupFleet, type TestFleet } from '../support/fleet.ts'
import { runFleet } from '../support/fleet-process.ts'
import { admin, createTestDatabase, superuser, uniqueName } from '../support/test-server.ts'

/** Makes a database as a team without a fleet has it: migrated by Kysely's own Migrator, with a role of its own. */
async function existingDatabase(
  { root }: TestFleet,
  { to }: { to: string | undefined },
): Promise<{ name: string; owner: ConnectionDescriptor }> {
  const database = await createTestDatabase()
  const role = uniqueName('fleet_test_owner')
  await withClient(superuser(), { applicationName: 'test' }, async (client) => {
    await client.query(`create role ${role} login password 'own-secret'`)
    await client.query(`alter database ${database.name} owner to ${role}`)
    // What an admin that is no superuser needs, to read and to migrate in the name of the owner.
    if (admin().user !== superuser().user) await client.query(`grant ${role} to ${admin().user}`)
  })
  onTestFinished(async () => {
    await database.drop()
    await withClient(superuser(), { applicationName: 'test' }, (client) => client.query(`drop role ${role}`))
  })
  const { Secret } = await import('../../src/model/secret.ts')
  const owner = { ...database.connection, user: role, password: new Secret('own-secret') }
  if (to !== undefined) {
    const migrations = await loadMigrations({ folder: join(root, 'migrations'), root })
    const db = new Kysely<unknown>({
      dialect: new PostgresDialect({ pool: openPool(owner, { applicationName: 'test', max: 1 }) }),
    })
    const provider = { getMigrations: async () => Object.fromEntries(migrations.map((it) => [it.name, { up: it.up }])) }
    const { error } = await new Migrator({ db, provider }).migrateTo(to)
    await db.destroy()
    if (error) throw error
  }
  return { name: database.name, owner }
}

test('a database with its own URL is adopted, migrated by that URL, and stays when its tenant is deleted', async () => {
  const made = await setupFleet()
  const { fleet, root, env } = made
  const { name, owner } = await existingDatabase(made, { to: FIRST })
  const url = formatConnectionString(owner, { reveal: true })

  const refused = await runFleet(['tenant', 'adopt', 'Acme.1', url], { root, env })
  expect(refused.code).toBe(2)
  expect(refused.output).not.toContain('own-secret')
  const dry = await runFleet(['tenant', 'adopt', 'Acme.1', '--url-env', 'ACME', '--dry-run'], {
    root,
    env: { ...env, ACME: url },
  })
  expect(dry.code, dry.output).toBe(0)
  await expect(fleet.tenants.show('Acme.1')).rejects.toMatchObject({ code: 'TENANT_UNKNOWN' })
  const adopted = await runFleet(['tenant', 'adopt', 'Acme.1', '--url-env', 'ACME'], {
    root,
    env: { ...env, ACME: url },
  })
  expect(adopted.code, adopted.output).toBe(0)
  expect(adopted.output).not.toContain('own-secret')
  expect(await fleet.tenants.show('Acme.1')).toMatchObject({ origin: 'adopted', version: FIRST, pending: [SECOND] })

  const again = await Array.fromAsync(fleet.tenants.adopt([{ id: 'Acme.2', url }], { dryRun: true }))
  expect(again).toMatchObject([{ verdict: 'refused', reason: 'it is the database of tenant "Acme.1" already' }])
  expect(await fleet.rollouts.start()).toMatchObject({ status: { state: 'completed', outcome: 'succeeded' } })
  await withClient({ ...superuser(), database: name }, { applicationName: 'test' }, async (client) => {
    expect(
      (await client.query('select name from kysely_migration order by timestamp')).rows.map((it) => it.name),
    ).toEqual([FIRST, SECOND])
    const { rows } = await client.query(`select distinct tableowner from pg_tables where schemaname = 'public'`)
    expect(rows).toEqual([{ tableowner: owner.user }])
  })
  expect(await fleet.tenants.url('Acme.1')).not.toContain('own-secret')
  expect(await fleet.tenants.url('Acme.1', { reveal: true })).toBe(url)
  await fleet.tenants.delete(['Acme.1'])
  await withClient(owner, { applicationName: 'test' }, (client) => client.query('select * from items'))
})

test('databases on a server are adopted by their names; what does not fit is refused with the reason, and nothing else', async () => {
  const made = await setupFleet()
  const { fleet, migration, create } = made
  await create(['ours'])
  const [current, behind, empty, foreign] = [
    await existingDatabase(made, { to: SECOND }),
    await existingDatabase(made, { to: FIRST }),
    await existingDatabase(made, { to: undefined }),
    await existingDatabase(made, { to: SECOND }),
  ]
  await withClient(foreign.owner, { applicationName: 'test' }, (client) =>
    client.query(`insert into kysely_migration values ('0001_zz_hotfix', '2999-01-01T00:00:00.000Z')`),
  )
  const own = await Array.fromAsync(
    fleet.tenants.adopt([
      { id: 'mine', url: formatConnectionString({ ...superuser(), database: `${made.name}_ours` }, { reveal: true }) },
    ]),
  )
  expect(own).toMatchObject([{ verdict: 'refused', reason: 'it is the database of tenant "ours" already' }])
  const candidates = (await Array.fromAsync(fleet.tenants.findCandidates('fleet\\_test\\_%'))).filter((it) =>
    [current, behind, empty, foreign].some((one) => one.name === it.id),
  )
  expect(candidates).toHaveLength(4)
  const results = await Array.fromAsync(fleet.tenants.adopt(candidates))
  const of = (one: { name: string }) => results.find((it) => it.id === one.name)
  expect(of(current)).toMatchObject({ verdict: 'adopted', version: SECOND })
  expect(of(behind)).toMatchObject({ verdict: 'adopted', version: FIRST })
  expect(of(empty)).toMatchObject({ verdict: 'refused', reason: 'no history of Kysely migrations in it' })
  expect(of(foreign)).toMatchObject({
    verdict: 'refused',
    reason: 'its history has migrations that there is no file for: 0001_zz_hotfix',
  })
  expect((await Array.fromAsync(fleet.tenants.list())).map((it) => it.id).sort()).toEqual(
    [behind.name, current.name, 'ours'].sort(),
  )

  await migration('0003_more', 'await sql`create table more ()`.execute(db)')
  expect(await fleet.rollouts.start()).toMatchObject({ status: { state: 'completed', outcome: 'succeeded' } })
  // What the migration made belongs to whom the rest belongs to.
  await withClient(behind.owner, { applicationName: 'test' }, async (client) => {
    const { rows } = await client.query(`select distinct tableowner from pg_tables where schemaname = 'public'`)
    expect(rows).toEqual([{ tableowner: behind.owner.user }])
  })
})

test('many are adopted from a file, with tags', async () => {
  const made = await setupFleet()
  const { fleet, root, env } = made
  const [one, two] = [await existingDatabase(made, { to: SECOND }), await existingDatabase(made, { to: FIRST })]
  const line = (id: string, { owner }: { owner: ConnectionDescriptor }) =>
    JSON.stringify({ id, url: formatConnectionString(owner, { reveal: true }), tags: { ring: id } })
  await writeFile(join(root, 'tenants.ndjson'), `${line('one', one)}\n${line('two', two)}\n${line('bad id', two)}\n`)
  const adopted = await runFleet(['tenant', 'adopt', '--from', 'tenants.ndjson'], { root, env })
  expect(adopted.code, adopted.output).toBe(5)
  expect(adopted.output).not.toContain('own-secret')
  expect(await fleet.tenants.show('two')).toMatchObject({ tags: { ring: 'two' }, version: FIRST, origin: 'adopted' })
  expect((await fleet.status()).states).toMatchObject({ ready: 2 })
})

test('one database becomes one tenant, however it is named and however many ask at once', async () => {
  const made = await setupFleet()
  const { fleet } = made
  const { name, owner } = await existingDatabase(made, { to: SECOND })
  const by = (host: string) => formatConnectionString({ ...owner, host }, { reveal: true })
  const results = await Array.fromAsync(
    fleet.tenants.adopt([
      { id: 'z1', url: by('127.0.0.1') },
      { id: 'z2', url: by('127.0.0.1') },
      { id: 'z3', url: by('localhost') },
      { id: 'z4', server: 'main', database: name },
    ]),
  )
  expect(results.filter((it) => it.verdict === 'adopted')).toHaveLength(1)
  expect(await Array.fromAsync(fleet.tenants.list())).toHaveLength(1)
})

test('a history that code of the database would run on is refused', async () => {
  const made = await setupFleet()
  const { owner } = await existingDatabase(made, { to: SECOND })
  await withClient(owner, { applicationName: 'test' }, (client) =>
    client.query(`create function trap() returns trigger language plpgsql as 'begin return new; end';
      create trigger trap before insert on kysely_migration for each row execute function trap()`),
  )
  const results = await Array.fromAsync(
    made.fleet.tenants.adopt([{ id: 'trap', url: formatConnectionString(owner, { reveal: true }) }]),
  )
  expect(results).toMatchObject([{ verdict: 'refused', reason: expect.stringContaining('triggers or rules') }])
})

test('one that is adopted while a rollout runs joins it', async () => {
  const made = await setupFleet()
  const { fleet, create, migration } = made
  await create(['a'])
  await migration('0003_more', 'await sql`create table more ()`.execute(db)')
  await fleet.rollouts.start({ signal: AbortSignal.abort() })
  const { owner } = await existingDatabase(made, { to: SECOND })
  await Array.fromAsync(fleet.tenants.adopt([{ id: 'late', url: formatConnectionString(owner, { reveal: true }) }]))
  expect(await fleet.rollouts.resume()).toMatchObject({ status: { state: 'completed' } })
  expect((await fleet.tenants.show('late')).version).toBe('0003_more')
})
