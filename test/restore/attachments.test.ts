import { randomBytes } from 'node:crypto'
import { beforeAll, describe, expect, onTestFinished, type TestContext, test } from 'vitest'
import { type Client, withClient } from '../../src/postgres/connect.ts'
import { setupFleet } from '../support/fleet.ts'
import { runFleet } from '../support/fleet-process.ts'
import { superuser } from '../support/test-server.ts'

/** Names of slots and prepared transactions are the server's, not a database's. */
const unique = (what: string) => `${what}_${randomBytes(4).toString('hex')}`

let settings: { walLevel: string; prepared: string }
beforeAll(async () => {
  settings = await asSuperuser(async (client) => {
    const { rows } = await client.query(
      `select current_setting('wal_level') as "walLevel", current_setting('max_prepared_transactions') as prepared`,
    )
    return rows[0]
  })
})

const asSuperuser = <T>(use: (client: Client) => Promise<T>) =>
  withClient(superuser(), { applicationName: 'test' }, use)
const needSlots = ({ skip }: TestContext) =>
  skip(settings.walLevel !== 'logical', `The server has wal_level = ${settings.walLevel}: no logical slots.`)
const needPrepared = ({ skip }: TestContext) =>
  skip(settings.prepared === '0', 'The server has max_prepared_transactions = 0.')

async function setup() {
  const test = await setupFleet()
  await test.create(['acme', 'other'])
  const { inTenant, inCatalog, name } = test

  async function makeSlot(): Promise<string> {
    const slot = unique('slot')
    await inTenant('acme', (client) =>
      client.query(`select pg_create_logical_replication_slot($1, 'pgoutput')`, [slot]),
    )
    onTestFinished(() =>
      asSuperuser((client) =>
        client.query('select pg_drop_replication_slot(slot_name) from pg_replication_slots where slot_name = $1', [
          slot,
        ]),
      ).then(() => {}),
    )
    return slot
  }

  async function makeSubscription(): Promise<string> {
    const subscription = unique('sub')
    await inTenant('acme', (client) =>
      client.query(
        `create subscription ${subscription} connection 'dbname=nowhere' publication p
         with (connect = false, enabled = false, create_slot = false, slot_name = none)`,
      ),
    )
    // A database that has one cannot be dropped, under whatever name it is by then.
    onTestFinished(() => dropSubscription(subscription))
    return subscription
  }

  async function makePrepared(): Promise<string> {
    const gid = unique('gid')
    await inTenant('acme', async (client) => {
      await client.query('begin; insert into items values (77, 7)')
      await client.query(`prepare transaction '${gid}'`)
    })
    onTestFinished(() => endPrepared(gid, 'rollback'))
    return gid
  }

  async function endPrepared(gid: string, how: 'commit' | 'rollback'): Promise<void> {
    const { rows } = await asSuperuser((client) =>
      client.query('select database from pg_prepared_xacts where gid = $1', [gid]),
    )
    for (const { database } of rows)
      await withClient({ ...superuser(), database }, { applicationName: 'test' }, (client) =>
        client.query(`${how} prepared '${gid}'`),
      )
  }

  /** Databases of restore points, without the fleet's name. */
  async function copies(): Promise<string[]> {
    const { rows } = await inCatalog((client) =>
      client.query(`select datname from pg_database where starts_with(datname, $1) order by 1`, [`${name}__restore_`]),
    )
    return rows.map(({ datname }) => datname.slice(`${name}__restore_`.length))
  }

  return { ...test, makeSlot, makeSubscription, makePrepared, endPrepared, copies }
}

async function dropSubscription(name: string): Promise<void> {
  const { rows } = await asSuperuser((client) =>
    client.query(
      `select d.datname as database, d.datallowconn as open
         from pg_subscription s join pg_database d on d.oid = s.subdbid where s.subname = $1`,
      [name],
    ),
  )
  for (const { database, open } of rows) {
    if (!open) await asSuperuser((client) => client.query(`alter database "${database}" allow_connections true`))
    await withClient({ ...superuser(), database }, { applicationName: 'test' }, (client) =>
      client.query(`drop subscription ${name}`),
    )
    if (!open) await asSuperuser((client) => client.query(`alter database "${database}" allow_connections false`))
  }
}

describe('a tenant with a logical replication slot', () => {
  test('gets no restore point, and its sessions stay; with force it gets one, and the slot stays with it', async (context) => {
    needSlots(context)
    const { fleet, inTenant, makeSlot, copies, name } = await setup()
    const slot = await makeSlot()
    await inTenant('acme', async (session) => {
      await expect(fleet.restorePoints.create('acme')).rejects.toMatchObject({
        code: 'RESTORE_POINT_REFUSED',
        message: expect.stringContaining(`logical replication slots (${slot})`),
        remedy: expect.stringContaining('--force'),
      })
      expect(await session.query('select 1')).toMatchObject({ rowCount: 1 })
    })
    expect(await copies()).toEqual([])
    expect(await fleet.restorePoints.create('acme', { force: true })).toMatchObject({ state: 'ready' })
    expect(await slotDatabase(slot)).toBe(`${name}_acme`)
    expect(await fleet.restorePoints.create('other')).toMatchObject({ state: 'ready' })
  })

  test('is not restored; with force the slot is with what was kept, and comes back with it', async (context) => {
    needSlots(context)
    const { fleet, makeSlot, copies, root, env, name } = await setup()
    await fleet.restorePoints.create('acme')
    const slot = await makeSlot()
    await expect(fleet.restore('acme')).rejects.toMatchObject({
      code: 'RESTORE_REFUSED',
      message: expect.stringContaining(slot),
    })
    expect(await copies()).toEqual(['p1'])
    expect(await runFleet(['restore', 'acme', '--yes'], { root, env })).toMatchObject({ code: 5 })
    const restored = await fleet.restore('acme', { force: true })
    expect(await slotDatabase(slot)).toBe(`${name}__restore_${restored.kept.id}`)
    await fleet.restore('acme', { to: restored.kept.id, acceptDataLoss: true })
    expect(await slotDatabase(slot)).toBe(`${name}_acme`)
  })

  test('is the failure of its own in a rollout that takes restore points, with what to do', async (context) => {
    needSlots(context)
    const { fleet, makeSlot, migration, histories } = await setup()
    const slot = await makeSlot()
    await migration('0003_drop', 'await sql`alter table items drop column price`.execute(db)')
    await fleet.rollouts.start({ maxFailures: 1 })
    expect(await histories(['acme', 'other'])).toMatchObject({ acme: { length: 2 }, other: { length: 3 } })
    const { failures } = await fleet.rollouts.status()
    expect(failures).toMatchObject([{ count: 1, example: 'acme', message: expect.stringContaining(slot) }])
    expect(failures[0]?.message).toContain('--take-restore-points never')
  })
})

describe('a tenant with a subscription', () => {
  test('is neither copied nor restored, but with force; what was kept is not removed while it has it', async () => {
    const { fleet, makeSubscription, inCatalog, copies } = await setup()
    await fleet.restorePoints.create('acme')
    const subscription = await makeSubscription()
    const named = expect.stringContaining(`subscriptions (${subscription})`)
    await expect(fleet.restorePoints.create('acme')).rejects.toMatchObject({
      code: 'RESTORE_POINT_REFUSED',
      message: named,
    })
    await expect(fleet.restore('acme')).rejects.toMatchObject({ code: 'RESTORE_REFUSED', message: named })
    const { kept } = await fleet.restore('acme', { force: true })
    await inCatalog((client) => client.query(`update fleet.restore_point set keep = '0' where state = 'ready'`))
    const prune = async () => {
      for await (const _ of fleet.restorePoints.prune());
    }
    await expect(prune()).rejects.toMatchObject({
      code: 'DATABASE_IN_USE',
      message: expect.stringContaining(subscription),
      remedy: expect.stringContaining('DROP SUBSCRIPTION'),
    })
    expect(await copies()).toEqual([kept.id])
    await dropSubscription(subscription)
    await prune()
    expect(await copies()).toEqual([])
  })

  test('is not deleted, and is as open as before', async () => {
    const { fleet, makeSubscription, inTenant } = await setup()
    await makeSubscription()
    await expect(fleet.tenants.delete(['acme'])).rejects.toMatchObject({ code: 'DATABASE_IN_USE' })
    expect(await inTenant('acme', (client) => client.query('select 1'))).toMatchObject({ rowCount: 1 })
  })
})

describe('a tenant with a prepared transaction', () => {
  test('is neither copied nor restored, with force either; afterwards it is', async (context) => {
    needPrepared(context)
    const { fleet, makePrepared, endPrepared, copies, inTenant } = await setup()
    await fleet.restorePoints.create('acme')
    const gid = await makePrepared()
    const refusal = { message: expect.stringContaining(gid), remedy: expect.stringContaining('ROLLBACK PREPARED') }
    for (const force of [false, true]) {
      await expect(fleet.restorePoints.create('acme', { force })).rejects.toMatchObject({
        code: 'RESTORE_POINT_REFUSED',
        ...refusal,
      })
      await expect(fleet.restore('acme', { force, acceptDataLoss: true })).rejects.toMatchObject({
        code: 'RESTORE_REFUSED',
        ...refusal,
      })
    }
    expect(await copies()).toEqual(['p1'])
    await endPrepared(gid, 'commit')
    expect(await inTenant('acme', (client) => client.query('select id from items'))).toMatchObject({
      rows: [{ id: 77 }],
    })
    expect(await fleet.restorePoints.create('acme')).toMatchObject({ state: 'ready' })
    expect(await fleet.restore('acme', { acceptDataLoss: true })).toMatchObject({ point: { state: 'restored' } })
  })
})

async function slotDatabase(slot: string): Promise<string | undefined> {
  const { rows } = await asSuperuser((client) =>
    client.query('select database from pg_replication_slots where slot_name = $1', [slot]),
  )
  return rows[0]?.database
}
