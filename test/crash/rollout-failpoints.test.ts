import { expect, test } from 'vitest'
import { FIRST, ids, SECOND, setupFleet } from '../support/fleet.ts'
import { runFleet } from '../support/fleet-process.ts'

const TARGET = [FIRST, SECOND, '0003_more', '0004_most']

test.each([
  'rollout.started',
  'run.claimed',
  'run.connected',
  'run.migration-committed',
  'run.applied',
  'run.recorded',
])('a rollout whose process is killed at %s and that is resumed ends as if nothing had happened', async (failpoint) => {
  const { fleet, create, migration, histories, root, env, inCatalog, inTenant } = await setupFleet()
  await create(ids(4))
  await migration(
    '0003_more',
    'await sql`create table more (id int)`.execute(db)\nawait sql`insert into more values (1)`.execute(db)',
  )
  await migration('0004_most', 'await sql`create table most ()`.execute(db)')

  const killed = await runFleet(['rollout', 'start', '--yes'], { root, env: { ...env, FLEET_FAILPOINT: failpoint } })
  expect(killed.code, killed.output).toBe('SIGKILL')
  const resumed = await runFleet(['rollout', 'resume'], { root, env })
  expect(resumed.code, resumed.output).toBe(0)

  expect(Object.values(await histories(ids(4)))).toEqual(ids(4).map(() => TARGET))
  for (const id of ids(4))
    expect((await inTenant(id, (client) => client.query('select * from more'))).rows).toHaveLength(1)
  const { rows } = await inCatalog((client) =>
    client.query('select state, count(*)::int as runs from fleet.tenant_run group by 1'),
  )
  expect(rows).toEqual([{ state: 'succeeded', runs: 4 }])
  expect(await fleet.rollouts.status()).toMatchObject({ state: 'completed', outcome: 'succeeded', driver: null })
  for await (const tenant of fleet.tenants.list()) expect(tenant.history).toEqual(TARGET)
})
