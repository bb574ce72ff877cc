import { expect, test } from 'vitest'
import { FIRST, ids, SECOND, setupFleet } from '../support/fleet.ts'
import { startFleet } from '../support/fleet-process.ts'

const TENANTS = 200
const TARGET = [FIRST, SECOND, '0003_more', '0004_most', '0005_concurrent']

test('a rollout over 200 tenants that is killed three times at random and resumed applies everything exactly once', async () => {
  const { fleet, create, migration, histories, root, env, inCatalog, inTenant, name } = await setupFleet({
    rollout: { failureMode: 'soft', concurrency: 8, waves: [{ name: 'early', size: '20%' }, { name: 'rest' }] },
  })
  const tenants = ids(TENANTS)
  await create(tenants)
  // Twice would be seen: as an error, or as a second row.
  await migration(
    '0003_more',
    'await sql`create table more (at timestamptz default clock_timestamp())`.execute(db)\nawait sql`insert into more default values`.execute(db)',
  )
  await migration(
    '0004_most',
    'await sql`alter table more add column most int`.execute(db)\nawait sql`insert into more default values`.execute(db)',
  )
  await migration(
    '0005_concurrent',
    'await sql`create index concurrently more_at on more (at)`.execute(db)',
    'export const config = { transaction: false }',
  )

  const seed = Math.random()
  let args = ['rollout', 'start', '--yes', '--output', 'json']
  for (const part of [0.05, 0.3, 0.6]) {
    const driver = startFleet(args, { root, env })
    const killAt = Math.floor(TENANTS * (part + seed * 0.1))
    // Counted over all drivers: what an earlier one finished stays finished.
    await waitUntil(async () => (await succeeded()) >= killAt || driver.child.exitCode !== null)
    driver.child.kill('SIGKILL')
    expect(await driver.ended, `seed ${seed}: ${driver.output().slice(-2000)}`).toBe('SIGKILL')
    args = ['rollout', 'resume', '--output', 'json']
  }
  const last = startFleet(args, { root, env })
  expect(await last.ended, `seed ${seed}: ${last.output().slice(-2000)}`).toBe(0)
  // The backends of the killed drivers are gone: nothing that they had sent comes after this.
  await waitUntil(async () => (await backends()) === 0)

  expect(Object.values(await histories(tenants)), `seed ${seed}`).toEqual(tenants.map(() => TARGET))
  for (const id of tenants) {
    const { rows } = await inTenant(id, (client) =>
      client.query(`
      select (select count(*)::int from more) as inserted, to_regclass('fleet_step') as journal,
        (select count(*)::int from pg_index where not indisvalid) as invalid`),
    )
    expect(rows, `seed ${seed}, ${id}`).toEqual([{ inserted: 2, journal: null, invalid: 0 }])
  }
  const { rows } = await inCatalog((client) =>
    client.query('select state, count(*)::int as runs from fleet.tenant_run group by 1'),
  )
  expect(rows, `seed ${seed}`).toEqual([{ state: 'succeeded', runs: TENANTS }])
  expect(await fleet.rollouts.status()).toMatchObject({ state: 'completed', outcome: 'succeeded', failures: [] })

  async function succeeded(): Promise<number> {
    const { rows: found } = await inCatalog((client) =>
      client.query(`select count(*)::int as n from fleet.tenant_run where state = 'succeeded'`),
    )
    return found[0].n
  }
  async function backends(): Promise<number> {
    const { rows: found } = await inCatalog((client) =>
      client.query(
        `select count(*)::int as n from pg_stat_activity where application_name like 'fleet/r%' and datname like $1`,
        [`${name}\\_%`],
      ),
    )
    return found[0].n
  }
}, 300_000)

/** Asks again and again: each question is a round trip to the server. */
async function waitUntil(holds: () => Promise<boolean>): Promise<void> {
  while (!(await holds()));
}
