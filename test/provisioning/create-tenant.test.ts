import { randomBytes } from 'node:crypto'
import { rm } from 'node:fs/promises'
import { describe, expect, test } from 'vitest'
import { withClient } from '../../src/postgres/connect.ts'
import { parseConnectionString } from '../../src/postgres/connection-string.ts'
import { quoteIdentifier, quoteLiteral } from '../../src/postgres/identifiers.ts'
import { emptiest } from '../../src/provisioning/create-tenant.ts'
import { FIRST, SECOND, setupFleet } from '../support/fleet.ts'
import { runFleet } from '../support/fleet-process.ts'

describe('a new tenant gets what the others have', () => {
  test('not an edited file, nor one that is missing or out of order', async () => {
    const { fleet, create, migration, root } = await setupFleet()
    await create(['a'])
    await migration(SECOND, 'await sql`alter table items add column price bigint`.execute(db)')
    await expect(create(['b'])).rejects.toMatchObject({
      code: 'MIGRATIONS_DIFFER',
      message: expect.stringContaining(SECOND),
    })
    await rm(`${root}/migrations/${SECOND}.ts`)
    await migration('0003_more', 'await sql`create table more ()`.execute(db)')
    await expect(create(['b'])).rejects.toMatchObject({
      code: 'MIGRATIONS_DIFFER',
      message: expect.stringContaining(`${SECOND} was applied by 1 tenant`),
    })
    await migration(SECOND, 'await sql`alter table items add column price int`.execute(db)')
    await migration('0001_zz', 'await sql`create table zz ()`.execute(db)')
    await expect(create(['b'])).rejects.toMatchObject({
      code: 'MIGRATIONS_DIFFER',
      message: expect.stringContaining('0001_zz'),
    })
    expect(await fleet.templates.show()).toHaveLength(1)
    await rm(`${root}/migrations/0001_zz.ts`)
    await create(['b'])
    expect((await fleet.tenants.show('b')).version).toBe('0003_more')
  })

  test('not a password that only another key opens', async () => {
    const { create, open, fleet } = await setupFleet()
    await create(['a'])
    process.env.FLEET_SECRET_KEY = randomBytes(32).toString('base64')
    const other = await open()
    await expect(Array.fromAsync(other.tenants.create([{ id: 'b' }]))).rejects.toMatchObject({
      code: 'SECRET_KEY_WRONG',
    })
    await other.close()
    expect(await Array.fromAsync(fleet.tenants.list())).toHaveLength(1)
  })

  test('not a version that no tenant could take', async () => {
    const { fleet, create, migration, histories } = await setupFleet({
      rollout: { waves: [{ name: 'all', maxFailures: '100%' }] },
    })
    await fleet.rollouts.start()
    await create(['a', 'b'])
    await migration('0003_bad', 'await sql`select 1 / 0`.execute(db)')
    expect(await fleet.rollouts.start()).toMatchObject({ status: { state: 'completed', outcome: 'degraded' } })
    expect((await fleet.status()).released).toBe(SECOND)
    await create(['c'])
    expect(await histories(['c'])).toEqual({ c: [FIRST, SECOND] })
  })
})

describe('a tenant', () => {
  test('is created at the newest version while nothing was released, and its application can log in and write', async () => {
    const { fleet, create, histories } = await setupFleet()
    await create({ acme: { ring: 'internal' } })
    expect(await histories(['acme'])).toEqual({ acme: [FIRST, SECOND] })
    expect(await fleet.tenants.show('acme')).toMatchObject({
      state: 'ready',
      version: SECOND,
      tags: { ring: 'internal' },
      pending: [],
    })
    const url = await fleet.tenants.url('acme', { reveal: true })
    await withClient(parseConnectionString(url), { applicationName: 'app' }, async (app) => {
      await app.query('insert into items values (1, 2)')
      expect((await app.query('select * from items')).rows).toEqual([{ id: 1, price: 2 }])
      await expect(app.query('create table mine ()')).rejects.toMatchObject({ code: '42501' })
      // It may see what was applied, but not change it.
      expect((await app.query('select name from kysely_migration')).rows).toHaveLength(2)
      await expect(app.query('delete from kysely_migration')).rejects.toMatchObject({ code: '42501' })
    })
  })

  test('has a URL without a password unless it is asked for', async () => {
    const { fleet, create } = await setupFleet()
    await create(['acme'])
    const [hidden, revealed] = [await fleet.tenants.url('acme'), await fleet.tenants.url('acme', { reveal: true })]
    expect(parseConnectionString(hidden).password).toBeUndefined()
    expect(parseConnectionString(revealed).password?.reveal()).toHaveLength(32)
    expect(parseConnectionString(hidden).database).toBe(parseConnectionString(revealed).database)
  })

  test('that exists is refused, and nothing is changed, not even the others of the same call', async () => {
    const { fleet, create } = await setupFleet()
    await create({ acme: { ring: 'a' } })
    await expect(create({ other: {}, acme: { ring: 'b' } })).rejects.toMatchObject({ code: 'TENANT_EXISTS' })
    await expect(create(['twice', 'twice'])).rejects.toMatchObject({ code: 'TENANT_EXISTS' })
    for (const id of ['a-', 'a__b', 'Acme', '', '-a', '_a', 'a'.repeat(41), 'a b', "a'b", 'ä'])
      await expect(create([id])).rejects.toMatchObject({ code: 'TENANT_ID_INVALID' })
    const all = await Array.fromAsync(fleet.tenants.list())
    expect(all.map((it) => [it.id, it.tags])).toEqual([['acme', { ring: 'a' }]])
  })

  test('gets the released version, not what is only in the folder', async () => {
    const { fleet, create, histories } = await setupFleet()
    await fleet.rollouts.start({ to: FIRST })
    await create(['acme'])
    expect(await histories(['acme'])).toEqual({ acme: [FIRST] })
  })

  test('of a template whose migration fails is not made, and nothing half-made is left', async () => {
    const { fleet, create, migration, inCatalog, name } = await setupFleet()
    await migration('0003_bad', 'await sql`create table items ()`.execute(db)')
    await expect(create(['acme'])).rejects.toMatchObject({
      code: 'MIGRATION_FAILED',
      message: expect.stringContaining('0003_bad failed on the template: relation "items" already exists'),
    })
    const { rows } = await inCatalog((client) =>
      client.query(`select datname from pg_database where datname like $1`, [`${name}\\_%`]),
    )
    expect(rows).toEqual([{ datname: `${name}__catalog` }])
    expect(await fleet.tenants.show('acme')).toMatchObject({
      state: 'failed',
      error: expect.stringContaining('0003_bad'),
    })
    await migration('0003_bad', 'await sql`create table good ()`.execute(db)')
    await create(['acme'])
    expect(await fleet.tenants.show('acme')).toMatchObject({ state: 'ready', version: '0003_bad', error: null })
  })

  test('whose database does not carry its mark any more is not deleted, and stays ready with what it could return to', async () => {
    const { fleet, create, inTenant, name } = await setupFleet()
    await create(['acme'])
    await fleet.restorePoints.create('acme')
    const database = quoteIdentifier(`${name}_acme`)
    const { rows } = await inTenant('acme', (client) =>
      client.query(
        `select shobj_description(oid, 'pg_database') as mark from pg_database where datname = current_database()`,
      ),
    )
    const comment = (text: string) =>
      inTenant('acme', (it) => it.query(`comment on database ${database} is ${quoteLiteral(text)}`))
    await comment('mine')
    await expect(fleet.tenants.delete(['acme'])).rejects.toMatchObject({ code: 'DATABASE_FOREIGN' })
    expect(await fleet.tenants.show('acme')).toMatchObject({ state: 'ready' })
    expect(await fleet.restorePoints.list()).toMatchObject([{ state: 'ready' }])
    await comment(rows[0].mark)
    await fleet.tenants.delete(['acme'])
    expect(await Array.fromAsync(fleet.tenants.list())).toEqual([])
  })

  test('is deleted with database and role; the id may be used again', async () => {
    const { fleet, create, inCatalog, name } = await setupFleet()
    await create(['acme'])
    await fleet.tenants.delete(['acme'])
    const left = () =>
      inCatalog((client) =>
        client.query(
          `select datname as it from pg_database where datname = $1 union all select rolname from pg_roles where rolname = $1`,
          [`${name}_acme`],
        ),
      )
    expect((await left()).rows).toEqual([])
    await expect(fleet.tenants.show('acme')).rejects.toMatchObject({ code: 'TENANT_UNKNOWN' })
    await expect(fleet.tenants.delete(['acme'])).rejects.toMatchObject({ code: 'TENANT_UNKNOWN' })
    await create(['acme'])
    expect((await left()).rows).toHaveLength(2)
  })

  test('is created by many at once from one template', async () => {
    const { create, open, fleet } = await setupFleet()
    const other = await open()
    await Promise.all([
      create(['a1', 'a2', 'a3', 'a4']),
      Array.fromAsync(other.tenants.create([{ id: 'b1' }, { id: 'b2' }, { id: 'b3' }, { id: 'b4' }])),
    ])
    await other.close()
    expect((await fleet.status()).states).toMatchObject({ ready: 8, failed: 0, creating: 0 })
    expect(await fleet.templates.show()).toHaveLength(1)
  })

  test('asked for by two at once is made once, and both know', async () => {
    const { fleet, open } = await setupFleet()
    const other = await open()
    const results = await Promise.allSettled(
      [fleet, other].map((it) => Array.fromAsync(it.tenants.create([{ id: 'acme' }]))),
    )
    await other.close()
    expect(results.filter((it) => it.status === 'fulfilled')).toHaveLength(1)
    expect(results.find((it) => it.status === 'rejected')).toMatchObject({ reason: { code: 'TENANT_EXISTS' } })
    const url = await fleet.tenants.url('acme', { reveal: true })
    await withClient(parseConnectionString(url), { applicationName: 'app' }, (app) => app.query('select 1'))
  })
})

test('a creation that was killed at any point is finished by running it again', async () => {
  const { fleet, root, env, migration, histories } = await setupFleet()
  const points = [
    'tenant.recorded',
    'template.database-created',
    'template.migrated',
    'tenant.database-created',
    'tenant.database-opened',
  ]
  const expected = [FIRST, SECOND]
  for (const [index, failpoint] of points.entries()) {
    // Another template than the one that is there.
    const name = `${1000 + index}_more`
    await migration(name, `await sql\`create table more_${index} ()\`.execute(db)`)
    expected.push(name)
    const args = ['tenant', 'create', `acme${index}`, '--tag', 'ring=a']
    const killed = await runFleet(args, { root, env: { ...env, FLEET_FAILPOINT: failpoint } })
    expect(killed.code, `${failpoint}: ${killed.output}`).toBe('SIGKILL')
    expect(await fleet.tenants.show(`acme${index}`)).toMatchObject({ state: 'creating' })
    const again = await runFleet(args, { root, env })
    expect(again.code, `${failpoint}: ${again.output}`).toBe(0)
    expect(await histories([`acme${index}`]), failpoint).toEqual({ [`acme${index}`]: expected })
    const url = await fleet.tenants.url(`acme${index}`, { reveal: true })
    await withClient(parseConnectionString(url), { applicationName: 'app' }, (app) =>
      app.query('insert into items values (1)'),
    )
  }
})

test('a creation that was killed at any point is removed by deleting it', async () => {
  const { fleet, root, env, inCatalog, name } = await setupFleet()
  for (const failpoint of ['tenant.recorded', 'tenant.database-created', 'tenant.database-opened']) {
    const killed = await runFleet(['tenant', 'create', 'acme'], { root, env: { ...env, FLEET_FAILPOINT: failpoint } })
    expect(killed.code, `${failpoint}: ${killed.output}`).toBe('SIGKILL')
    await fleet.tenants.delete(['acme'])
    const { rows } = await inCatalog((client) =>
      client.query(
        `select datname as it from pg_database where datname = $1 union all select rolname from pg_roles where rolname = $1`,
        [`${name}_acme`],
      ),
    )
    expect(rows, failpoint).toEqual([])
  }
})

test('a deletion that was killed goes on when it is run again', async () => {
  const { fleet, create, root, env } = await setupFleet()
  await create(['acme'])
  const killed = await runFleet(['tenant', 'delete', 'acme', '--yes'], {
    root,
    env: { ...env, FLEET_FAILPOINT: 'tenant.database-dropped' },
  })
  expect(killed.code, killed.output).toBe('SIGKILL')
  expect((await fleet.tenants.show('acme')).state).toBe('deleting')
  await fleet.tenants.delete(['acme'])
  await expect(fleet.tenants.show('acme')).rejects.toMatchObject({ code: 'TENANT_UNKNOWN' })
})

test('passwords are kept encrypted: another key does not open them', async () => {
  const { fleet, create, open, inCatalog } = await setupFleet()
  await create(['acme'])
  const password = parseConnectionString(await fleet.tenants.url('acme', { reveal: true })).password?.reveal() ?? ''
  const { rows } = await inCatalog((client) =>
    client.query(`select row_to_json(t)::text as everything from fleet.tenant t`),
  )
  expect(rows[0].everything).not.toContain(password)
  process.env.FLEET_SECRET_KEY = randomBytes(32).toString('base64')
  const other = await open()
  await expect(other.tenants.url('acme', { reveal: true })).rejects.toMatchObject({ code: 'SECRET_KEY_WRONG' })
  await other.close()
})

test.each([
  [['a', 'b'], [], 'a'],
  [['a', 'b'], [{ server: 'a', tenants: 1 }], 'b'],
  [
    ['a', 'b'],
    [
      { server: 'a', tenants: 1 },
      { server: 'b', tenants: 1 },
    ],
    'a',
  ],
  [
    ['a', 'b'],
    [
      { server: 'gone', tenants: 0 },
      { server: 'b', tenants: 2 },
      { server: 'a', tenants: 5 },
    ],
    'b',
  ],
])('of %j with %j the emptiest server is %s', (servers, counts, expected) => {
  expect(emptiest(servers, counts)).toBe(expected)
})
