import { expect, test } from 'vitest'
import { FIRST, ids, SECOND, setupFleet } from '../support/fleet.ts'
import { startFleet } from '../support/fleet-process.ts'

const TARGET = [FIRST, SECOND, '0003_more']

test('a driver that is stopped in the middle of a migration, overtaken, and continued does no harm', async () => {
  const { fleet, create, migration, histories, inTenant, inCatalog, root, env } = await setupFleet({
    rollout: { lockTimeout: '5m', waves: [{ name: 'all', concurrency: 1 }] },
  })
  await create(ids(3))
  await migration(
    '0003_more',
    'await sql`alter table items add column more int`.execute(db)\nawait sql`insert into items (id) values (1)`.execute(db)',
  )
  // The first of the wave waits for this table, inside its frame, with the lock of the tenant held.
  const first = (
    await inCatalog((client) =>
      client.query(`select id from fleet.tenant order by sha256(convert_to(id, 'UTF8')) limit 1`),
    )
  ).rows[0].id
  await inTenant(first, async (blocker) => {
    await blocker.query('begin')
    await blocker.query('lock table items')
    const stalled = startFleet(['rollout', 'start', '--yes', '--output', 'json'], { root, env })
    await stalled.printed('"tenant.started"')
    await waitUntil(async () => (await waiting(first)) > 0)
    stalled.child.kill('SIGSTOP')
    await blocker.query('commit')

    // Its lease lapses after 20 s: nothing proves that a stopped process is dead.
    const successor = startFleet(['rollout', 'resume', '--output', 'json'], { root, env })
    await successor.printed('"rollout.waiting"')
    expect(await successor.ended, successor.output()).toBe(0)
    expect(Object.values(await histories(ids(3)))).toEqual(ids(3).map(() => TARGET))

    stalled.child.kill('SIGCONT')
    // What it still tries is refused; it sees that it was overtaken, and goes.
    const code = await stalled.ended
    expect(code, stalled.output()).toBe(5)
  })
  expect(Object.values(await histories(ids(3)))).toEqual(ids(3).map(() => TARGET))
  for (const id of ids(3))
    expect((await inTenant(id, (client) => client.query('select id from items'))).rows).toEqual([{ id: 1 }])
  const { rows } = await inCatalog((client) =>
    client.query('select state, count(*)::int as runs from fleet.tenant_run group by 1'),
  )
  expect(rows).toEqual([{ state: 'succeeded', runs: 3 }])
  expect(await fleet.rollouts.status()).toMatchObject({ state: 'completed', outcome: 'succeeded' })

  async function waiting(id: string): Promise<number> {
    const { rows: found } = await inTenant(id, (client) =>
      client.query(
        `select count(*)::int as n from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`,
      ),
    )
    return found[0].n
  }
}, 120_000)

async function waitUntil(holds: () => Promise<boolean>): Promise<void> {
  while (!(await holds()));
}
