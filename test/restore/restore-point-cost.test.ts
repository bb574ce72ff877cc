import { describe, expect, test } from 'vitest'
import { setupFleet } from '../support/fleet.ts'
import { runFleet } from '../support/fleet-process.ts'

const IDS = ['a', 'b', 'c']

async function setup(input: Parameters<typeof setupFleet>[0] = {}) {
  const test = await setupFleet(input)
  await test.create(IDS)
  await test.migration('0003_drop', 'await sql`alter table items drop column price`.execute(db)')
  /** Sum of the sizes of tenants' databases, by their own server. */
  const bytes = async () => {
    const { rows } = await test.inCatalog((client) =>
      client.query(`select sum(pg_database_size(datname))::float8 as bytes from pg_database where datname = any($1)`, [
        IDS.map((id) => `${test.name}_${id}`),
      ]),
    )
    return Number(rows[0]?.bytes)
  }
  return { ...test, bytes }
}

describe('a plan says what its restore points take', () => {
  test('as a guess at first, and as measured once some were made', async () => {
    const { fleet, bytes } = await setup()
    const before = await bytes()
    const first = await fleet.rollouts.plan()
    const [guessed] = first.restorePointCost?.servers ?? []
    expect(guessed).toMatchObject({ server: 'main', tenants: 3, sampled: 3, measured: 0 })
    // Tenants grow by what the server keeps of them in files of its own.
    expect(guessed?.bytes).toBeGreaterThanOrEqual(before)
    expect(guessed?.bytes).toBeLessThanOrEqual(await bytes())
    expect(guessed?.mostDiskBytes).toBe(guessed?.diskBytes)
    await fleet.restorePoints.create('a')
    const second = await fleet.rollouts.plan()
    const [measured] = second.restorePointCost?.servers ?? []
    expect(measured).toMatchObject({ tenants: 3, sampled: 3, measured: 1 })
    expect(measured?.closed?.typical).toBeGreaterThan(0)
    expect(measured?.took?.typical).toBeGreaterThanOrEqual(measured?.closed?.typical ?? Infinity)
    // What is expected is no part of what is named.
    expect(second.digest).toBe(first.digest)
  })

  test('of the tenants that get one alone', async () => {
    const { fleet } = await setup()
    const plan = await fleet.rollouts.plan({ scope: { tenants: ['b'] } })
    expect(plan.restorePointCost?.servers).toMatchObject([{ tenants: 1, sampled: 1 }])
    expect(await fleet.rollouts.plan({ takeRestorePoints: 'never' })).not.toHaveProperty('restorePointCost')
  })

  test('and who cannot have one', async () => {
    const { fleet, inCatalog, root, env } = await setup()
    await inCatalog((client) =>
      client.query(
        `update fleet.tenant set placement = placement || '{"address": {"host": "127.0.0.1"}}' where id <> 'a'`,
      ),
    )
    const plan = await fleet.rollouts.plan()
    expect(plan.restorePointCost).toMatchObject({ servers: [{ tenants: 1 }], elsewhere: { tenants: 2 } })
    expect(plan.restorePointCost?.elsewhere.examples.toSorted()).toEqual(['b', 'c'])
    const shown = await runFleet(['rollout', 'plan'], { root, env })
    expect(shown.output.replaceAll(/\s+/g, ' ')).toMatch(
      /2 tenants will fail: (b, c|c, b) are reached by a URL of their own/,
    )
  })

  test('and nothing of databases that are gone', async () => {
    const { fleet, inCatalog } = await setup()
    await inCatalog((client) =>
      client.query(`update fleet.tenant set placement = jsonb_set(placement, '{database}', '"gone"') where id <> 'a'`),
    )
    expect((await fleet.rollouts.plan()).restorePointCost?.servers).toMatchObject([{ tenants: 3, sampled: 1 }])
  })
})

describe('restore points that would not fit', () => {
  test('are refused with figures before anything is changed, and the rollout is started with --force', async () => {
    const { fleet, root, env, histories } = await setup({ restorePoints: { maxBytes: '1MB' } })
    const shown = await runFleet(['rollout', 'plan'], { root, env })
    expect(shown).toMatchObject({ code: 5 })
    expect(shown.output).toContain('The restore points do not fit on main: it is not started.')
    expect(shown.output).toMatch(/restore points +tenants +disk +room +one takes +tenant closed\n +main +3 +\d/)
    await expect(fleet.rollouts.start()).rejects.toMatchObject({
      code: 'DISK_WOULD_FILL',
      message: expect.stringMatching(
        /^Server "main": restore points of 3 tenants need \d.* MB, .*restorePoints\.maxBytes leaves 1\.0 MB\.$/,
      ),
    })
    expect(await runFleet(['rollout', 'start', '--yes'], { root, env })).toMatchObject({ code: 5 })
    expect(await fleet.restorePoints.list()).toEqual([])
    expect(await runFleet(['rollout', 'start', '--yes', '--force'], { root, env })).toMatchObject({ code: 0 })
    expect(await histories(['a'])).toMatchObject({ a: { length: 3 } })
  })

  test('count with those that are there until they are released', async () => {
    const { fleet, bytes } = await setup({ restorePoints: { maxBytes: '40MB', keep: '1ms' } })
    expect(await bytes()).toBeLessThan(40_000_000)
    const room = async () => {
      const plan = await fleet.rollouts.plan()
      return plan.restorePointCost?.servers[0]?.limits.find((it) => it.kind === 'configured')?.room
    }
    expect(await room()).toBe(40_000_000)
    const { bytes: taken } = await fleet.restorePoints.create('a')
    expect(await room()).toBe(40_000_000 - (taken ?? 0))
    for (const id of ['b', 'c']) await fleet.restorePoints.create(id)
    await expect(fleet.rollouts.start()).rejects.toMatchObject({ code: 'DISK_WOULD_FILL' })
    for await (const _ of fleet.restorePoints.prune());
    expect(await room()).toBe(40_000_000)
  })
})
