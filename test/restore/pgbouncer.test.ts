import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { beforeEach, describe, expect, onTestFinished, test } from 'vitest'
import type { FleetInput } from '../../src/config/define-fleet.ts'
import { parseConfig } from '../../src/config/parse-config.ts'
import { openFleet } from '../../src/fleet/open-fleet.ts'
import type { ConnectionDescriptor } from '../../src/model/connection.ts'
import { closeClient, openClient, withClient } from '../../src/postgres/connect.ts'
import { formatConnectionString, parseConnectionString } from '../../src/postgres/connection-string.ts'
import { setupFleet } from '../support/fleet.ts'
import { runFleet } from '../support/fleet-process.ts'
import { noPgbouncer, type Pgbouncer, type PgbouncerOptions, startPgbouncer } from '../support/pgbouncer.ts'
import { superuser } from '../support/test-server.ts'

const URL_OF = (to: ConnectionDescriptor) => formatConnectionString(to, { reveal: true })

/** A fleet of one tenant whose application comes through PgBouncers, and whose configuration names these consoles. */
async function setup(
  bouncers: readonly PgbouncerOptions[] = [{}],
  consolesOf = (started: readonly Pgbouncer[], _application: ConnectionDescriptor) =>
    started.map(({ console }) => URL_OF(console)),
) {
  const plain = await setupFleet()
  await plain.create(['acme'])
  const application = parseConnectionString(await plain.fleet.tenants.url('acme', { reveal: true }))
  const started: Pgbouncer[] = []
  for (const { aliases = {}, ...options } of bouncers) {
    const named = Object.fromEntries(Object.keys(aliases).map((name) => [name, application.database]))
    const bouncer = await startPgbouncer(superuser(), { ...options, aliases: named, users: [application] })
    onTestFinished(() => bouncer.stop())
    started.push(bouncer)
  }
  const pgbouncer = { consoles: consolesOf(started, application), pauseTimeout: 2_000 }
  const config: FleetInput = { name: plain.name, provider: { kind: 'postgres', url: plain.url, pgbouncer } }
  await writeFile(join(plain.root, 'fleet.config.ts'), `export default ${JSON.stringify(config)}\n`)
  const fleet = await openFleet(parseConfig(config, { root: plain.root }))
  onTestFinished(() => fleet.close())
  const through = (started[0] as Pgbouncer).through(application)
  return { ...plain, fleet, started, application, through }
}

const CLIENTS = 8
/** Of one client's transactions. */
const PERIOD_MS = 40

/** Eight clients that do 200 transactions a second together until they are stopped, where the machine can do that. */
function startLoad(to: ConnectionDescriptor, { firstId = 1_000 } = {}) {
  let isOver = false
  let next = firstId
  const errors: string[] = []
  const databases = new Set<string>()
  const seen = { transactions: 0, longestMs: 0 }
  const waiting: { from: number; wake: () => void }[] = []
  const began = performance.now()
  const work = async () => {
    const client = await openClient(to, { applicationName: 'application' })
    let due = performance.now()
    try {
      while (!isOver) {
        const from = performance.now()
        await client.query('begin')
        await client.query(`insert into items (id) values (${next++})`)
        const { rows } = await client.query('select current_database() as name')
        await client.query('commit')
        databases.add(rows[0].name)
        seen.transactions += 1
        seen.longestMs = Math.max(seen.longestMs, performance.now() - from)
        for (const it of waiting.splice(0)) {
          if (it.from < from) it.wake()
          else waiting.push(it)
        }
        due += PERIOD_MS
        await delay(Math.max(0, due - performance.now()))
      }
    } catch (error) {
      errors.push(String(error))
      for (const { wake } of waiting.splice(0)) wake()
    } finally {
      await closeClient(client)
    }
  }
  const workers = Array.from({ length: CLIENTS }, work)
  return {
    errors,
    databases,
    /** Resolves when a transaction has ended that began after this call, or with the first error. */
    goesOn: () => new Promise<void>((wake) => waiting.push({ from: performance.now(), wake })),
    stop: async (what: string) => {
      isOver = true
      await Promise.all(workers)
      const seconds = (performance.now() - began) / 1_000
      process.stdout.write(
        `${what}: ${Math.round(seen.transactions / seconds)} transactions/s, longest ${Math.round(seen.longestMs)} ms\n`,
      )
      return seen
    },
  }
}

async function pausedOn({ console }: Pgbouncer): Promise<string[]> {
  const { rows } = await withClient(console, { applicationName: 'test' }, (client) => client.query('show databases'))
  return rows.filter((it) => it.paused === 1).map((it) => it.name)
}

describe('behind PgBouncer', () => {
  beforeEach(({ skip }) => skip(noPgbouncer !== undefined, noPgbouncer))

  test('clients see a wait and not one error in restore point, risky rollout, its undo, and restore', async () => {
    const { fleet, through, application, migration, inCatalog, started } = await setup()
    const load = startLoad(through)
    await load.goesOn()
    const { id } = await fleet.restorePoints.create('acme')
    await load.goesOn()
    await migration('0003_drop', 'await sql`alter table items drop column price`.execute(db)')
    await fleet.rollouts.start()
    await load.goesOn()
    expect(await fleet.rollouts.undo('r1', { acceptDataLoss: true })).toMatchObject({
      status: { outcome: 'succeeded' },
    })
    await load.goesOn()
    const restored = await fleet.restore('acme', { to: id, acceptDataLoss: true })
    expect(restored.loss).not.toEqual({ kind: 'none' })
    await load.goesOn()
    await load.stop('restore point, rollout, undo, restore')
    expect(load.errors).toEqual([])
    // By name, which what was kept has lost: nobody was served from there.
    expect([...load.databases]).toEqual([application.database])
    expect(await Promise.all(started.map(pausedOn))).toEqual([[]])
    const { rows } = await inCatalog((client) => client.query('select * from fleet.closure'))
    expect(rows).toEqual([])
  })

  test.each(['clients.recorded', 'clients.paused', 'clients.waited'])(
    'killed at %s, they go on, and the next command lets them go on again, without an error',
    async (failpoint) => {
      const { through, root, env, started, inCatalog, application } = await setup()
      const load = startLoad(through)
      await load.goesOn()
      const args = ['restore-point', 'create', 'acme']
      const killed = await runFleet(args, { root, env: { ...env, FLEET_FAILPOINT: failpoint } })
      expect(killed.code).toBe('SIGKILL')
      // A guard has seen to that.
      await load.goesOn()
      // As if it had been killed with the process.
      const [bouncer] = started as [Pgbouncer]
      await withClient(bouncer.console, { applicationName: 'test' }, (client) =>
        client.query(`pause "${application.database}"`),
      )
      const next = load.goesOn()
      expect(await runFleet(['status'], { root, env })).toMatchObject({ code: 0 })
      await next
      expect(await runFleet(args, { root, env })).toMatchObject({ code: 0 })
      await load.goesOn()
      await load.stop(`killed at ${failpoint}`)
      expect(load.errors).toEqual([])
      expect(await Promise.all(started.map(pausedOn))).toEqual([[]])
      const { rows } = await inCatalog((client) => client.query('select * from fleet.closure'))
      expect(rows).toEqual([])
    },
  )

  test('a restore that is killed when databases are exchanged comes to its end, without an error', async () => {
    const { through, application, root, env, fleet } = await setup()
    await fleet.restorePoints.create('acme')
    const load = startLoad(through)
    await load.goesOn()
    const args = ['restore', 'acme', '--accept-data-loss', '--yes']
    expect(await runFleet(args, { root, env: { ...env, FLEET_FAILPOINT: 'clients.waited' } })).toMatchObject({
      code: 'SIGKILL',
    })
    expect(await runFleet(args, { root, env })).toMatchObject({ code: 0 })
    await load.goesOn()
    await load.stop('killed in a restore')
    expect(load.errors).toEqual([])
    expect([...load.databases]).toEqual([application.database])
  })

  test('a transaction that does not end is left alone, and so is the tenant', async () => {
    const { fleet, through, started } = await setup()
    const long = await openClient(through, { applicationName: 'application' })
    onTestFinished(() => closeClient(long))
    await long.query('begin')
    await long.query('insert into items (id) values (1)')
    const load = startLoad(through)
    await load.goesOn()
    await expect(fleet.restorePoints.create('acme')).rejects.toMatchObject({
      code: 'CLIENTS_NOT_PAUSED',
      message: expect.stringContaining('did not end within 2 s'),
    })
    await long.query('commit')
    await load.goesOn()
    await load.stop('a long transaction')
    expect(load.errors).toEqual([])
    expect(await Promise.all(started.map(pausedOn))).toEqual([[]])
    expect(await fleet.restorePoints.create('acme')).toMatchObject({ state: 'ready' })
  })

  test('clients of another database, for which somebody else waits, do not count', async () => {
    const { fleet, through, started } = await setup()
    const [bouncer] = started as [Pgbouncer]
    const other = await openClient(bouncer.through({ ...superuser() }), { applicationName: 'application' })
    const waits = await openClient(bouncer.console, { applicationName: 'test' })
    onTestFinished(async () => {
      await closeClient(waits)
      await closeClient(other)
    })
    await other.query('begin')
    await other.query('select 1')
    waits.query(`pause "${superuser().database}"`).catch(() => {})
    const load = startLoad(through)
    await load.goesOn()
    expect(await fleet.restorePoints.create('acme')).toMatchObject({ state: 'ready' })
    await load.goesOn()
    await load.stop('beside a pause of another database')
    expect(load.errors).toEqual([])
  })

  test('of all processes of PgBouncer and under all names of the database, they wait', async () => {
    const { fleet, started, application } = await setup([{}, { aliases: { customer: '' } }])
    const [first, second] = started as [Pgbouncer, Pgbouncer]
    const loads = [
      startLoad(first.through(application)),
      startLoad(second.through({ ...application, database: 'customer' }), { firstId: 1_000_000 }),
    ]
    await Promise.all(loads.map((load) => load.goesOn()))
    const { id } = await fleet.restorePoints.create('acme')
    await fleet.restore('acme', { to: id, acceptDataLoss: true })
    await Promise.all(loads.map((load) => load.goesOn()))
    for (const load of loads) await load.stop('two PgBouncers')
    expect(loads.flatMap(({ errors }) => errors)).toEqual([])
    expect(await Promise.all(started.map(pausedOn))).toEqual([[], []])
  })

  test('where one console is not reached, nothing is changed, and nobody waits or is thrown out', async () => {
    const { fleet, through, application, started, inCatalog, name } = await setup([{}, {}])
    await (started[1] as Pgbouncer).stop()
    const direct = await openClient(application, { applicationName: 'application' })
    onTestFinished(() => closeClient(direct))
    const load = startLoad(through)
    await load.goesOn()
    await expect(fleet.restorePoints.create('acme')).rejects.toMatchObject({
      code: 'CLIENTS_NOT_PAUSED',
      message: expect.stringContaining(`127.0.0.1:${(started[1] as Pgbouncer).console.port}`),
    })
    await load.goesOn()
    await load.stop('a console that is not there')
    expect(load.errors).toEqual([])
    expect(await direct.query('select 1')).toMatchObject({ rowCount: 1 })
    const { rows } = await inCatalog((client) =>
      client.query(
        `select datname from pg_database where starts_with(datname, $1) union all select entry from fleet.closure`,
        [`${name}__restore`],
      ),
    )
    expect(rows).toEqual([])
  })

  test('a wrong password, and a user who may only look, are told without the password', async () => {
    const wrong = 'correct-horse-7'
    const secretly = await setup([{}], ([bouncer]) => [
      URL_OF((bouncer as Pgbouncer).console).replace(/:[^:@/]*@/, `:${wrong}@`),
    ])
    const refused = await secretly.fleet.restorePoints.create('acme').catch((error: unknown) => error)
    expect(refused).toMatchObject({ code: 'CLIENTS_NOT_PAUSED', message: expect.stringContaining('authentication') })
    const { output } = await runFleet(['restore-point', 'create', 'acme', '--debug'], secretly)
    expect(output).toContain('authentication')
    expect(output).not.toContain(wrong)
    const { output: diagnosis } = await runFleet(['doctor'], secretly)
    expect(diagnosis).toContain('authentication')
    expect(diagnosis).not.toContain(wrong)

    const looking = await setup([{}], ([bouncer], application) => [
      URL_OF({ ...(bouncer as Pgbouncer).through(application), database: 'pgbouncer' }),
    ])
    await expect(looking.fleet.restorePoints.create('acme')).rejects.toMatchObject({
      code: 'CLIENTS_NOT_PAUSED',
      message: expect.stringContaining('admin access needed'),
    })
    expect((await looking.fleet.doctor()).filter(({ verdict }) => verdict === 'error')).toMatchObject([
      { message: expect.stringContaining('may look and not pause'), remedy: expect.stringContaining('admin_users') },
    ])
  })

  test('doctor says whether the user may pause, and what a record is about that nobody could lift', async () => {
    const { fleet, root, env, started, inCatalog } = await setup()
    const said = async () => (await fleet.doctor()).map(({ message }) => message).join('\n')
    expect(await said()).toContain('may pause; clients then wait for 120 s at most')
    await runFleet(['restore-point', 'create', 'acme'], { root, env: { ...env, FLEET_FAILPOINT: 'clients.paused' } })
    await (started[0] as Pgbouncer).stop()
    const { output } = await runFleet(['doctor'], { root, env })
    expect(output.replaceAll(/\s+/g, ' ')).toMatch(
      /Clients of database "\w+_acme" may be waiting at PgBouncer 127.0.0.1:\d+ since .* RESUME "\w+_acme";/,
    )
    const { rows } = await inCatalog((client) => client.query('select entry from fleet.closure'))
    expect(rows).toHaveLength(1)
  })
})
