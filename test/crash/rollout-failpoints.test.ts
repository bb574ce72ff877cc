import { expect, test } from 'vitest'
import { ids, setupFleet } from '../support/fleet.ts'
import { runFleet } from '../support/fleet-process.ts'

const POINTS = [
  'rollout.started',
  'run.claimed',
  'run.connected',
  'run.migration-committed',
  'run.applied',
  'run.recorded',
]

test('a rollout whose process is killed at any point and that is resumed ends as if nothing had happened', async () => {
  const { fleet, create, migration, histories, root, env, inCatalog, inTenant } = await setupFleet()
  await create(ids(4))
  const target = [...((await histories(['t001'])).t001 ?? [])]
  for (const [index, failpoint] of POINTS.entries()) {
    const [first, second] = [`${1000 + 2 * index}_more`, `${1001 + 2 * index}_most`]
    await migration(
      first,
      `await sql\`create table more_${index} (id int)\`.execute(db)
       await sql\`insert into more_${index} values (1)\`.execute(db)`,
    )
    await migration(second, `await sql\`create table most_${index} ()\`.execute(db)`)
    target.push(first, second)
    // What is killed below is to be the rollout, not what finds out before it what the migrations do.
    await fleet.rollouts.plan()

    const killed = await runFleet(['rollout', 'start', '--yes'], { root, env: { ...env, FLEET_FAILPOINT: failpoint } })
    expect(killed.code, `${failpoint}: ${killed.output}`).toBe('SIGKILL')
    const resumed = await runFleet(['rollout', 'resume'], { root, env })
    expect(resumed.code, `${failpoint}: ${resumed.output}`).toBe(0)

    expect(Object.values(await histories(ids(4))), failpoint).toEqual(ids(4).map(() => target))
    for (const id of ids(4))
      expect((await inTenant(id, (client) => client.query(`select * from more_${index}`))).rows, id).toHaveLength(1)
    const { rows } = await inCatalog((client) =>
      client.query(`select state, count(*)::int as runs from fleet.tenant_run
        where rollout_id = (select max(id) from fleet.rollout where state <> 'planned') group by 1`),
    )
    expect(rows, failpoint).toEqual([{ state: 'succeeded', runs: 4 }])
    expect(await fleet.rollouts.status()).toMatchObject({ state: 'completed', outcome: 'succeeded', driver: null })
    for await (const tenant of fleet.tenants.list()) expect(tenant.history, failpoint).toEqual(target)
  }
})
