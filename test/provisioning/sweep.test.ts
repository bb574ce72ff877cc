import { describe, expect, test } from 'vitest'
import { formatMark, type Mark } from '../../src/model/mark.ts'
import type { SweepFinding } from '../../src/model/sweep.ts'
import { withClient } from '../../src/postgres/connect.ts'
import { quoteIdentifier, quoteLiteral } from '../../src/postgres/identifiers.ts'
import { setupFleet } from '../support/fleet.ts'
import { runFleet, startFleet } from '../support/fleet-process.ts'
import { superuser } from '../support/test-server.ts'

const asSuperuser = async (sql: string): Promise<void> => {
  await withClient(superuser(), { applicationName: 'test' }, (client) => client.query(sql))
}

async function setup() {
  const test = await setupFleet()
  await test.create(['acme', 'other'])
  const { fleet, name, inCatalog } = test
  const { id: catalogId } = await fleet.catalog.show()

  /** What a sweep finds, without the fleet's name. */
  async function sweep({ remove = false } = {}): Promise<string[]> {
    const found: SweepFinding[] = []
    for await (const it of fleet.sweep({ remove })) found.push(it)
    return found
      .map(({ subject, database, kind, verdict }) => `${verdict} ${subject} ${kind} ${database.replace(name, '')}`)
      .toSorted((one, other) => one.localeCompare(other))
  }

  /** Databases and login roles of the fleet, without its name. */
  async function onServer(): Promise<string[]> {
    const { rows } = await inCatalog((client) =>
      client.query(
        `select datname::text as name from pg_database where starts_with(datname, $1)
         union all select 'role ' || rolname from pg_roles where starts_with(rolname, $1) order by 1`,
        [`${name}_`],
      ),
    )
    return rows.map((it) => it.name.replace(name, ''))
  }

  const mark = (kind: Mark['kind'], key: string, by = { fleet: name, catalogId }): Mark => ({ ...by, kind, key })
  const make = async (database: string, comment: string | null): Promise<void> => {
    const quoted = quoteIdentifier(`${name}${database}`)
    await asSuperuser(`create database ${quoted} template template0 owner fleet_owner`)
    if (comment !== null) await asSuperuser(`comment on database ${quoted} is ${quoteLiteral(comment)}`)
  }
  const drop = (database: string) => asSuperuser(`drop database ${quoteIdentifier(`${name}${database}`)} with (force)`)
  const inCatalogRun = (sql: string) => inCatalog((client) => client.query(sql))
  return { ...test, sweep, onServer, mark, make, drop, inCatalogRun }
}

describe('a sweep', () => {
  test('finds nothing in a fleet as it is, restore points and what restores kept included', async () => {
    const { fleet, sweep, onServer, root, env } = await setup()
    await fleet.restorePoints.create('acme')
    await fleet.restorePoints.create('other')
    await fleet.restore('acme', { acceptDataLoss: true })
    const before = await onServer()
    expect(await sweep({ remove: true })).toEqual([])
    expect(await onServer()).toEqual(before)
    const { code, output } = await runFleet(['sweep'], { root, env })
    expect({ code, output }).toMatchObject({ code: 0, output: expect.stringContaining('Nothing: each database') })
  })

  test('proposes what no record owns, and removes it with --yes: template, restore point, scratch, login role', async () => {
    const { fleet, sweep, onServer, inCatalogRun, create, drop, make, mark, name, root, env } = await setup()
    await fleet.restorePoints.create('acme')
    const hoursAgo = (hours: number) => `${(Date.now() - hours * 3_600_000).toString(36)}_00000000`
    const [old, young] = [hoursAgo(2), hoursAgo(0)]
    for (const key of [old, young]) await make(`__scratch_${key}`, formatMark(mark('scratch', key)))
    await create(['gone'])
    await drop('_gone')
    for (const rows of [`tenant where id = 'gone'`, 'restore_point', 'template'])
      await inCatalogRun(`delete from fleet.${rows}`)
    const template = (await onServer()).find((it) => it.startsWith('__template'))
    const found = [
      `database restore-point __restore_p1`,
      `database scratch __scratch_${old}`,
      `database template ${template}`,
      `role tenant _gone`,
    ]
    const before = await onServer()
    expect(await sweep()).toEqual(found.map((it) => `would-remove ${it}`))
    const shown = await runFleet(['sweep', '--output', 'json'], { root, env })
    expect(shown.code).toBe(5)
    expect(JSON.parse(shown.output)).toHaveLength(4)
    expect(JSON.parse(shown.output)).toContainEqual(
      expect.objectContaining({ database: `${name}__restore_p1`, key: 'p1', bytes: expect.any(Number) }),
    )
    expect((await runFleet(['sweep'], { root, env })).output).toContain('fleet sweep --yes')
    expect(await onServer()).toEqual(before)

    expect(await sweep({ remove: true })).toEqual(found.map((it) => `removed ${it}`))
    expect(await sweep()).toEqual([])
    const left = ['__catalog', `__scratch_${young}`, '_acme', '_other', 'role _acme', 'role _other']
    expect(await onServer()).toEqual(expect.arrayContaining(left))
    expect(await onServer()).toHaveLength(left.length)
    // A template that is gone is built again.
    for await (const _ of fleet.tenants.create([{ id: 'next' }]));
  })

  test('does not look at what carries the mark of another fleet or catalog, or none', async () => {
    const { sweep, onServer, make, mark, name, fleet } = await setup()
    const { id: catalogId } = await fleet.catalog.show()
    await make('__restore_p7', formatMark(mark('restore-point', 'p7', { fleet: name, catalogId: 'another' })))
    await make('__restore_p8', formatMark(mark('restore-point', 'p8', { fleet: `${name}x`, catalogId })))
    await make('__restore_p9', null)
    const before = await onServer()
    expect(await sweep({ remove: true })).toEqual([])
    expect(await onServer()).toEqual(before)
  })

  test('leaves a former tenant whose record was lost, and adoption takes it back under its id', async () => {
    const { fleet, sweep, inTenant, inCatalogRun, onServer, name, root, env } = await setup()
    await inTenant('acme', (client) => client.query('insert into items values (1, 10)'))
    await inCatalogRun(`delete from fleet.tenant where id = 'acme'`)
    const before = await onServer()
    expect(await sweep({ remove: true })).toEqual(['left database tenant _acme'])
    expect(await onServer()).toEqual(before)
    const shown = await runFleet(['sweep', '--yes'], { root, env })
    expect(shown.code).toBe(5)
    const like = /fleet tenant adopt --like '(.*)'/.exec(shown.output)?.[1] ?? ''
    expect(like).toBe(`${name}\\_acme`)
    expect(await runFleet(['tenant', 'adopt', '--like', like], { root, env })).toMatchObject({ code: 0 })
    expect(await fleet.tenants.show('acme')).toMatchObject({ state: 'ready', origin: 'adopted', version: '0002_price' })
    expect(await inTenant('acme', (client) => client.query('select id from items'))).toMatchObject({ rowCount: 1 })
    expect(await sweep()).toEqual([])
    // Tenants that have their record are no candidates.
    expect(await runFleet(['tenant', 'adopt', '--like', `${name}%`], { root, env })).toMatchObject({ code: 0 })
  })

  test('leaves what a restore kept, although its record was lost', async () => {
    const { fleet, sweep, asked, inCatalogRun, onServer } = await withAsked()
    await fleet.restorePoints.create('acme')
    const { kept } = await fleet.restore('acme', { acceptDataLoss: true })
    await inCatalogRun(`delete from fleet.restore_point where id = ${kept.id.slice(1)}`)
    const before = await onServer()
    expect(await sweep({ remove: true })).toEqual([`left database kept-state __restore_${kept.id}`])
    expect(await onServer()).toEqual(before)
    expect((await asked())[0]?.remedy).toContain('ALLOW_CONNECTIONS true')
  })

  test('tells of records without a database, and gives them up, but for tenants', async () => {
    const { fleet, sweep, asked, drop, onServer, inCatalogRun } = await withAsked()
    await fleet.restorePoints.create('acme')
    await fleet.restorePoints.create('acme')
    const template = (await onServer()).find((it) => it.startsWith('__template')) ?? ''
    for (const database of ['_other', '__restore_p1', template]) await drop(database)
    const found = ['record restore-point __restore_p1', `record template ${template}`]
    // One that was recorded a moment ago is being made.
    await inCatalogRun(`update fleet.template set created_at = now() - interval '1 hour'`)
    expect(await sweep()).toEqual(['left record tenant _other', ...found.map((it) => `would-remove ${it}`)])
    expect(await sweep({ remove: true })).toEqual(['left record tenant _other', ...found.map((it) => `removed ${it}`)])
    expect(await sweep()).toEqual(['left record tenant _other'])
    expect((await fleet.restorePoints.list()).map(({ id }) => id)).toEqual(['p2'])
    expect(await fleet.tenants.show('other')).toMatchObject({ state: 'ready' })
    expect((await asked())[0]?.remedy).toMatch(
      /from a backup, then .*or give it up with `fleet tenant delete other`\.$/,
    )
  })

  test('says of a tenant whose database is gone what its deletion would take, too', async () => {
    const { fleet, drop, asked } = await withAsked()
    await fleet.restorePoints.create('acme')
    await fleet.restorePoints.create('acme')
    await drop('_acme')
    expect((await asked())[0]?.remedy).toMatch(
      /`fleet tenant delete acme`, and with it p2, p1, what it could return to\.$/,
    )
  })

  test('tells of a tenant whose name another database has', async () => {
    const { sweep, drop, make, asked } = await withAsked()
    await drop('_other')
    await make('_other', null)
    expect(await sweep({ remove: true })).toEqual(['left record tenant _other'])
    expect((await asked())[0]?.why).toContain('another database has the name')
  })
})

async function withAsked() {
  const test = await setup()
  const asked = async () => {
    const found: SweepFinding[] = []
    for await (const it of test.fleet.sweep()) found.push(it)
    return found
  }
  return { ...test, asked }
}

describe('while another process is at work, a sweep takes nothing from it', () => {
  test('that builds a template and makes tenants', async () => {
    const { migration, sweep, root, env, fleet } = await setup()
    await migration('0003_slow', 'await sql`select pg_sleep(3)`.execute(db)')
    const making = startFleet(['tenant', 'create', 'b1', 'b2', 'b3'], { root, env })
    let over = false
    const ended = making.ended.finally(() => {
      over = true
    })
    const found = new Set<string>()
    while (!over) for (const it of await sweep({ remove: true })) found.add(it)
    expect(await ended, making.output()).toBe(0)
    expect([...found]).toEqual([])
    for (const id of ['b1', 'b2', 'b3']) expect(await fleet.tenants.show(id)).toMatchObject({ state: 'ready' })
  })

  test('that makes a restore point and returns to it', async () => {
    const { sweep, root, env, fleet } = await setup()
    const found = new Set<string>()
    for (const args of [
      ['restore-point', 'create', 'acme'],
      ['restore', 'acme', '--yes', '--accept-data-loss'],
      ['tenant', 'delete', 'other', '--yes'],
    ]) {
      const working = startFleet(args, { root, env })
      let over = false
      const ended = working.ended.finally(() => {
        over = true
      })
      while (!over) for (const it of await sweep({ remove: true })) found.add(it)
      expect(await ended, working.output()).toBe(0)
    }
    expect([...found]).toEqual([])
    expect((await fleet.restorePoints.list()).map(({ id, state }) => `${id} ${state}`)).toEqual([
      'p2 ready',
      'p1 restored',
    ])
  })
})

test.each([
  [
    ['restore-point', 'create', 'acme'],
    ['restore-point.recorded', 'restore-point.copied', 'restore-point.made'],
  ],
  [
    ['restore', 'acme', '--yes', '--accept-data-loss'],
    ['restore.recorded', 'restore.prepared', 'restore.swapped', 'restore.done'],
  ],
  [
    ['tenant', 'create', 'late'],
    ['tenant.recorded', 'tenant.database-created', 'tenant.database-opened'],
  ],
  [['tenant', 'delete', 'other', '--yes'], ['tenant.database-dropped']],
])('%j killed: a sweep changes nothing of what can go on, and finds nothing when it has', async (args, failpoints) => {
  const { fleet, sweep, onServer, root, env } = await setup()
  for (const failpoint of failpoints) {
    await fleet.restorePoints.create('acme')
    const killed = await runFleet(args, { root, env: { ...env, FLEET_FAILPOINT: failpoint } })
    expect(killed.code, `${failpoint}: ${killed.output}`).toBe('SIGKILL')
    const before = await onServer()
    expect(await sweep({ remove: true }), failpoint).toEqual([])
    expect(await onServer(), failpoint).toEqual(before)
    expect(await runFleet(args, { root, env }), failpoint).toMatchObject({ code: 0 })
    expect(await sweep({ remove: true }), failpoint).toEqual([])
    if (args[1] === 'create') await fleet.tenants.delete(['late']).catch(() => {})
  }
})

test('killed while it builds a template, that is the next one to be built, and no sweep takes it', async () => {
  const { sweep, migration, root, env } = await setup()
  for (const [index, failpoint] of ['template.database-created', 'template.migrated'].entries()) {
    await migration(`000${3 + index}_more`, `await sql\`alter table items add column more_${index} text\`.execute(db)`)
    const args = ['tenant', 'create', `late${index}`]
    expect((await runFleet(args, { root, env: { ...env, FLEET_FAILPOINT: failpoint } })).code).toBe('SIGKILL')
    expect(await sweep({ remove: true })).toEqual([])
    expect(await runFleet(args, { root, env })).toMatchObject({ code: 0 })
    expect(await sweep({ remove: true })).toEqual([])
  }
})
