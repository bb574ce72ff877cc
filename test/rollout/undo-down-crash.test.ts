import { expect, test } from 'vitest'
import { runFleet, startFleet } from '../support/fleet-process.ts'
import { OLD } from './fleet-with-rows.ts'
import { everyone, IDS, indexed, NEW, setupReversible } from './reversible-fleet.ts'

test.each(['run.connected', 'run.migration-committed', 'run.applied'])(
  'killed at %s, an undo by down goes on when it is called again',
  async (failpoint) => {
    const test = await setupReversible()
    const { fleet, rollOut, insert, items, histories, hasIndex, known, root, env } = test
    await indexed(test)
    const { id } = await rollOut()
    await insert('a')
    // Finding out what the down does makes databases, too.
    await fleet.rollouts.planUndo(id, { prefer: 'down' })
    const args = ['rollout', 'undo', id, '--yes', '--prefer', 'down']
    expect(await runFleet(args, { root, env: { ...env, FLEET_FAILPOINT: failpoint } })).toMatchObject({
      code: 'SIGKILL',
    })
    expect(await histories(['a'])).toEqual({ a: failpoint === 'run.connected' ? NEW : OLD })
    expect(await known()).toEqual(everyone(NEW))
    const again = await runFleet(args, { root, env })
    expect(again, again.output).toMatchObject({ code: 0 })
    expect(await histories(IDS)).toEqual(everyone(OLD))
    expect(await known()).toEqual(everyone(OLD))
    expect(await items('a')).toHaveLength(2)
    for (const tenant of IDS) expect(await hasIndex(tenant)).toBe(false)
    expect(await fleet.rollouts.undo(id, { prefer: 'down' })).toMatchObject({ kind: 'nothing-to-do' })
  },
)

test('killed while a down waits for a lock, an undo goes on when it is called again', async () => {
  const test = await setupReversible()
  const { rollOut, histories, hasIndex, inTenant, inCatalog, name, root, env } = test
  await indexed(test)
  const { id } = await rollOut()
  const args = ['rollout', 'undo', id, '--yes', '--prefer', 'down']
  await inTenant('a', async (client) => {
    await client.query('begin; lock table items in access share mode')
    const started = startFleet(args, { root, env })
    // Its session waits for ours. Asked elsewhere: within a transaction, what sessions do is always what it was at first.
    await inCatalog(async (other) => {
      for (;;) {
        const { rows } = await other.query(
          `select 1 from pg_locks join pg_stat_activity using (pid) where not granted and datname = $1 and application_name like 'fleet/r%'`,
          [`${name}_a`],
        )
        if (rows.length > 0) break
      }
    })
    started.child.kill('SIGKILL')
    expect(await started.ended).toBe('SIGKILL')
    await client.query('commit')
  })
  const again = await runFleet(args, { root, env })
  expect(again, again.output).toMatchObject({ code: 0 })
  expect(await histories(IDS)).toEqual(everyone(OLD))
  for (const tenant of IDS) expect(await hasIndex(tenant)).toBe(false)
})
