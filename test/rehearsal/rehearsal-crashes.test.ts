import { expect, test } from 'vitest'
import { runFleet } from '../support/fleet-process.ts'
import { setup } from './setup.ts'

test('killed at any point, the next rehearsal removes what is left and goes through', async () => {
  const { root, env, databases, inCatalog } = await setup({ points: ['a', 'b'] })
  const before = await databases()
  const args = ['rollout', 'plan', '--rehearse', '3', '--rehearse-closes-tenants']
  const points = [
    'rehearsal.recorded',
    'rehearsal.copied',
    'rehearsal.branched',
    'rehearsal.migrated',
    'rehearsal.dropped',
  ]
  for (const failpoint of points) {
    const killed = await runFleet(args, { root, env: { ...env, FLEET_FAILPOINT: failpoint } })
    expect(killed.code, `${failpoint}: ${killed.output}`).toBe('SIGKILL')
    const again = await runFleet(args, { root, env })
    expect(again.code, `${failpoint}: ${again.output}`).toBe(0)
    expect(await databases(), failpoint).toEqual(before)
    const { rows } = await inCatalog((client) =>
      client.query(
        'select state, (select count(*)::int from fleet.rehearsal_branch) as left from fleet.rehearsal order by id desc limit 2',
      ),
    )
    expect(rows, failpoint).toEqual([
      { state: 'passed', left: 0 },
      { state: 'abandoned', left: 0 },
    ])
  }
})

test('what nobody has recorded and carries the mark is removed, and what a deleted tenant had in a rehearsal', async () => {
  const { fleet, name, inCatalog, databases } = await setup({ points: ['a', 'b'] })
  const before = await databases()
  const { rows } = await inCatalog((client) => client.query('select catalog_id from fleet.meta'))
  const mark = (key: string) =>
    `kysely-fleet ${JSON.stringify({ fleet: name, catalog: rows[0].catalog_id, kind: 'rehearsal', key })}`
  await inCatalog((client) =>
    client.query(`create database "${name}__rehearsal_b77" template template0 owner fleet_owner`),
  )
  await inCatalog((client) => client.query(`comment on database "${name}__rehearsal_b77" is '${mark('b77')}'`))
  await inCatalog((client) => client.query(`create database "${name}__rehearsal_mine" template template0`))
  await fleet.rollouts.rehearse({ tenants: 1 })
  expect(await databases()).toEqual([...before, '__rehearsal_mine'].toSorted())
  await inCatalog((client) =>
    client.query(`create database "${name}__rehearsal_b88" template template0 owner fleet_owner`),
  )
  await inCatalog((client) =>
    client.query(`comment on database "${name}__rehearsal_b88" is '${mark('b88')}';
      insert into fleet.rehearsal_branch (id, rehearsal_id, tenant_id, server, database)
      overriding system value select 88, max(id), 'a', (select server from fleet.tenant limit 1), '${name}__rehearsal_b88' from fleet.rehearsal`),
  )
  await fleet.tenants.delete(['a'])
  expect(await databases()).not.toContain('__rehearsal_b88')
})
