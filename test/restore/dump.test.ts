import { existsSync } from 'node:fs'
import { beforeEach, describe, expect, onTestFinished, test } from 'vitest'
import { MIGRATION_LOCK } from '../../src/postgres/advisory-lock.ts'
import { closeClient, openClient, withClient } from '../../src/postgres/connect.ts'
import { parseConnectionString } from '../../src/postgres/connection-string.ts'
import { problemOf } from '../../src/providers/postgres/dump-programs.ts'
import { setupFleet } from '../support/fleet.ts'
import { runFleet } from '../support/fleet-process.ts'
import { superuser } from '../support/test-server.ts'

/** Where Debian has the programs of a major version. */
const folderOf = (major: number) => `/usr/lib/postgresql/${major}/bin`
const hasPrograms = (major: number) => existsSync(`${folderOf(major)}/pg_dump`)

async function majorOfServer(): Promise<number> {
  const { rows } = await withClient(superuser(), { applicationName: 'test' }, (client) =>
    client.query<{ version: number }>(`select current_setting('server_version_num')::int / 10000 as version`),
  )
  return rows[0]?.version ?? 0
}

/** A tenant of some thousand rows, large enough here to be dumped. */
async function setup() {
  const programs = folderOf(await majorOfServer())
  const test = await setupFleet({ restorePoints: { dump: { from: '1MB', programs } } })
  const { fleet, inTenant } = test
  await test.create(['a'])
  await inTenant('a', (client) =>
    client.query(`set role fleet_owner; insert into items select n, n from generate_series(1, 20000) n;
      create sequence orders start 7;
      comment on table items is 'for sale'`),
  )
  const session = async () => {
    const url = parseConnectionString(await fleet.tenants.url('a', { reveal: true }))
    const client = await openClient(url, { applicationName: 'application' })
    onTestFinished(() => closeClient(client))
    return client
  }
  const count = async () =>
    (await inTenant('a', (client) => client.query('select count(*)::int as n from items'))).rows[0]?.n
  return { ...test, session, count }
}

describe('a restore point by dump', () => {
  beforeEach(async ({ skip }) => {
    const major = await majorOfServer()
    skip(!hasPrograms(major), `pg_dump ${major} is not in ${folderOf(major)}`)
  })

  test('closes nobody: a client that writes meanwhile sees no error, and all of it is one moment', async () => {
    const { fleet, session, count, inTenant, inCatalog, name } = await setup()
    const [writer, idle] = [await session(), await session()]
    let written = 20_000
    let isOver = false
    const writing = (async () => {
      while (!isOver) {
        await writer.query('insert into items values ($1, $1)', [written + 1])
        written += 1
      }
    })()
    const point = await fleet.restorePoints.create('a')
    const seen = written
    isOver = true
    await writing
    expect(seen).toBeGreaterThan(20_000)
    expect(await idle.query('select 1')).toMatchObject({ rowCount: 1 })
    expect(point).toMatchObject({ state: 'ready' })

    // What was written since is counted, and so it is not given up unasked.
    await inTenant('a', (client) =>
      client.query('insert into items select n, n from generate_series(900000, 930000) n'),
    )
    await expect(fleet.restore('a')).rejects.toMatchObject({ code: 'RESTORE_REFUSED' })
    const { kept } = await fleet.restore('a', { acceptDataLoss: true })
    const n = await count()
    expect(n).toBeGreaterThanOrEqual(20_000)
    expect(n).toBeLessThanOrEqual(seen)
    const { rows } = await inTenant('a', (client) =>
      client.query(`select max(id) as max, obj_description('items'::regclass) as said, nextval('orders')::int as next,
        (select rolname from pg_class c join pg_roles r on r.oid = c.relowner where c.oid = 'items'::regclass) as owner from items`),
    )
    // Rows were written in order: the largest says that none of them is missing.
    expect(rows[0]).toMatchObject({ max: n, said: 'for sale', next: 7, owner: 'fleet_owner' })
    const { rows: databases } = await inCatalog((client) =>
      client.query(
        `select to_jsonb(d) - array['oid', 'datname', 'datallowconn', 'datfrozenxid', 'datminmxid'] as settings
         from pg_database d where datname = any($1)`,
        [[`${name}_a`, `${name}__restore_${kept.id}`]],
      ),
    )
    expect(databases).toHaveLength(2)
    expect(databases[0]).toEqual(databases[1])
    const again = await session()
    await again.query('insert into items values (1000000, 1)')
  })

  test('without writes since, nothing is lost by a return to it', async () => {
    const { fleet, count } = await setup()
    await fleet.restorePoints.create('a')
    await fleet.restore('a')
    expect(await count()).toBe(20_000)
    expect((await fleet.restorePoints.list()).map(({ state }) => state)).toEqual(['ready', 'restored'])
  })

  test('is taken by a rollout, whose plan says that nobody is closed', async () => {
    const { fleet, migration, histories } = await setup()
    await migration('0003_drop', 'await sql`alter table items drop column price`.execute(db)')
    expect(await fleet.rollouts.plan()).toMatchObject({
      restorePointCost: { servers: [{ tenants: 1, closed: { typical: 0, longest: 0 } }] },
    })
    const started = await fleet.rollouts.start()
    expect(started).toMatchObject({ status: { outcome: 'succeeded' } })
    await fleet.rollouts.undo('r1')
    expect(await histories(['a'])).toEqual({ a: ['0001_items', '0002_price'] })
  })

  test('killed in the middle, is made when it is asked for again, and nothing is left over', async () => {
    const { root, env, inCatalog, name } = await setup()
    const args = ['restore-point', 'create', 'a']
    const killed = await runFleet(args, { root, env: { ...env, FLEET_FAILPOINT: 'restore-point.dumping' } })
    expect(killed.code).toBe('SIGKILL')
    expect(await runFleet(args, { root, env })).toMatchObject({ code: 0 })
    // What is being made for an hour is taken for abandoned.
    await inCatalog((client) => client.query(`update fleet.restore_point set created_at = now() - interval '2 hours'`))
    expect(await runFleet(['restore-point', 'prune'], { root, env })).toMatchObject({ code: 0 })
    const { rows } = await inCatalog((client) =>
      client.query(`select datname from pg_database where starts_with(datname, $1)`, [`${name}__restore`]),
    )
    expect(rows).toHaveLength(1)
    expect(await runFleet(['sweep'], { root, env })).toMatchObject({ code: 0 })
  })

  test('waits for no migration: a tenant that is being migrated is refused', async () => {
    const { fleet, inTenant } = await setup()
    await inTenant('a', async (holder) => {
      await holder.query(`select pg_advisory_lock(${MIGRATION_LOCK})`)
      await expect(fleet.restorePoints.create('a')).rejects.toMatchObject({ code: 'TENANT_BUSY' })
    })
    expect(await fleet.restorePoints.create('a')).toMatchObject({ state: 'ready' })
  })

  test('is how a rehearsal copies the tenant itself, too, and nobody is closed', async () => {
    const { fleet, migration, session, root, env } = await setup()
    await migration('0003_drop', 'await sql`alter table items drop column price`.execute(db)')
    const idle = await session()
    const { rehearsal } = await fleet.rollouts.rehearse({ tenants: 1, closesTenants: true })
    expect(rehearsal).toMatchObject({
      state: 'passed',
      tenants: [{ source: { kind: 'tenant', estimatedMs: 0 }, closedMs: 0, copyMs: expect.any(Number) }],
    })
    expect(await idle.query('select 1')).toMatchObject({ rowCount: 1 })
    const shown = await runFleet(['rollout', 'plan', '--rehearse', '1', '--rehearse-closes-tenants'], { root, env })
    expect(shown.output).not.toContain('Closed to their clients')
  })

  test('that cannot be read back says why, and leaves nothing', async () => {
    const { fleet, inTenant, inCatalog, name } = await setup()
    // A check that looks a table up by the search_path, which pg_restore sets to nothing.
    await inTenant('a', (client) =>
      client.query(`set role fleet_owner; create table allowed (n int); insert into allowed values (1);
        create function is_allowed(int) returns boolean language plpgsql as 'begin return exists (select from allowed where n = $1); end';
        create table checked (n int check (is_allowed(n))); insert into checked values (1)`),
    )
    await expect(fleet.restorePoints.create('a')).rejects.toMatchObject({
      code: 'RESTORE_POINT_REFUSED',
      message: expect.stringMatching(/relation "allowed" does not exist/),
    })
    const { rows } = await inCatalog((client) =>
      client.query(`select datname from pg_database where starts_with(datname, $1)`, [`${name}__restore`]),
    )
    expect(rows).toEqual([])
  })
})

describe('programs', () => {
  test('are looked at by doctor', async ({ skip }) => {
    const major = await majorOfServer()
    const there = await setupFleet({ restorePoints: { dump: { from: '1MB', programs: folderOf(major) } } })
    const gone = await setupFleet({ restorePoints: { dump: { from: '1MB', programs: 'nowhere' } } })
    const shown = await runFleet(['doctor'], gone)
    expect(shown.output.replaceAll(/\s+/g, ' ')).toContain('pg_dump was not found')
    expect(shown.code).not.toBe(0)
    skip(!hasPrograms(major), `pg_dump ${major} is not in ${folderOf(major)}`)
    expect((await runFleet(['doctor'], there)).output).toContain('fit the server')
  })

  test('that are not there are named, with what to do', async () => {
    const it = await setupFleet({ restorePoints: { dump: { from: '1MB', programs: 'nowhere' } } })
    await it.create(['a'])
    const shown = await runFleet(['restore-point', 'create', 'a'], it)
    expect(shown.code).toBe(5)
    expect(shown.output).toMatch(/pg_dump was not found/)
    expect(shown.output).toMatch(/restorePoints.dump.programs/)
  })

  test('that are older than the server are refused', async ({ skip }) => {
    const major = await majorOfServer()
    skip(!hasPrograms(15) || major <= 15, 'pg_dump 15 and a newer server are needed')
    const it = await setupFleet({ restorePoints: { dump: { from: '1MB', programs: folderOf(15) } } })
    await it.create(['a'])
    await expect(it.fleet.restorePoints.create('a')).rejects.toMatchObject({
      code: 'RESTORE_POINT_REFUSED',
      message: expect.stringContaining(`pg_dump 15 cannot be used with PostgreSQL ${major}`),
    })
  })

  test.each([
    [15, 15, undefined],
    [16, 15, undefined],
    [18, 17, undefined],
    [15, 18, 'pg_dump 15 cannot be used with PostgreSQL 18, which is newer'],
    [17, 16, 'What pg_dump 17 writes cannot be read by PostgreSQL 16, which is older'],
    [null, 18, 'pg_dump was not found'],
  ])('of %s for PostgreSQL %i: %s', (major, wanted, problem) => {
    expect(problemOf({ name: 'pg_dump', major, wanted })).toBe(problem)
  })
})
