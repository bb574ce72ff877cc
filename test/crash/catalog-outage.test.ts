import { expect, test } from 'vitest'
import { FIRST, ids, SECOND, setupFleet } from '../support/fleet.ts'

test('a rollout survives the catalog going away again and again', async () => {
  const { fleet, create, migration, histories, inCatalog, name, events } = await setupFleet({
    rollout: { failureMode: 'soft', concurrency: 4 },
  })
  const tenants = ids(20)
  await create(tenants)
  await migration('0003_more', 'await sql`create table more ()`.execute(db)')
  let cuts = 0
  let driving = true
  const cutting = inCatalog(async (client) => {
    // After each few tenants, until the rollout ends: in the middle of claims, results and looks alike.
    for (let next = 1; driving; ) {
      await client.query('select 1')
      if (events.filter((it) => it.type === 'tenant.started').length < next) continue
      next += 3
      cuts += 1
      await client.query('select pg_terminate_backend(pid) from pg_stat_activity where application_name = $1', [
        `fleet catalog ${name}`,
      ])
    }
  })
  const result = await fleet.rollouts.start().finally(() => {
    driving = false
  })
  await cutting
  expect(cuts).toBeGreaterThan(3)
  expect(result).toMatchObject({
    status: {
      state: 'completed',
      outcome: 'succeeded',
      waves: [{ counts: { succeeded: 20, running: 0, pending: 0 } }],
    },
  })
  expect(Object.values(await histories(tenants))).toEqual(tenants.map(() => [FIRST, SECOND, '0003_more']))
})
