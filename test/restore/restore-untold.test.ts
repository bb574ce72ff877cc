import { describe, expect, test } from 'vitest'
import { setupFleet } from '../support/fleet.ts'
import { runFleet } from '../support/fleet-process.ts'

async function setup() {
  const test = await setupFleet()
  await test.create(['acme'])
  const run = async (sql: string) => (await test.inTenant('acme', (client) => client.query(sql))).rows
  return { ...test, run }
}

describe('a restore that is not told where to', () => {
  test('is refused where the tenant has returned since, and names what it can return to', async () => {
    const { fleet, root, env, run } = await setup()
    await run('insert into items values (1, 10)')
    await fleet.restorePoints.create('acme')
    await run('insert into items values (2, 20)')
    await fleet.restorePoints.create('acme')
    await run('insert into items values (3, 30)')
    await fleet.restore('acme', { acceptDataLoss: true })
    const again = await runFleet(['restore', 'acme', '--yes', '--accept-data-loss'], { root, env })
    expect(again.code, again.output).toBe(5)
    const said = again.output.replaceAll(/\s+/g, ' ')
    expect(said).toMatch(/Tenant "acme" was returned to p2 \(0002_price\) at \d{4}-\S+Z; what it had been is p3\./)
    for (const command of [
      'fleet restore acme --to p3',
      'fleet restore acme --to p1',
      'fleet restore-point salvage p3 ',
    ])
      expect(said).toContain(command)
    expect(await run('select * from items')).toHaveLength(2)
    expect(await fleet.restorePoints.list({ tenantId: 'acme' })).toHaveLength(3)

    await fleet.restorePoints.create('acme')
    expect(await fleet.restore('acme')).toMatchObject({ point: { id: 'p4' } })
  })

  test('is done once where several are begun together, and none says what it does not know', async () => {
    const { fleet, run } = await setup()
    await run('insert into items values (1, 10)')
    await fleet.restorePoints.create('acme')
    const ended = await Promise.allSettled([1, 2, 3, 4].map(() => fleet.restore('acme')))
    const losses = ended.map((it) => (it.status === 'fulfilled' ? it.value.loss.kind : it.reason.code))
    expect(
      losses.filter((it) => it === 'none'),
      `${losses}`,
    ).toHaveLength(1)
    for (const it of losses) expect(['none', 'unknown', 'RESTORE_REFUSED']).toContain(it)
    const points = await fleet.restorePoints.list({ tenantId: 'acme' })
    expect(points.map(({ id, state }) => `${id} ${state}`)).toEqual(['p2 ready', 'p1 restored'])
    expect(await run('select id from items')).toEqual([{ id: 1 }])
  })

  test('takes none in place of a newer one that has expired', async () => {
    const { fleet, inCatalog } = await setup()
    await fleet.restorePoints.create('acme')
    await fleet.restorePoints.create('acme')
    await inCatalog((client) => client.query(`update fleet.restore_point set keep = '0' where id = 2`))
    const refused = {
      code: 'RESTORE_REFUSED',
      message: expect.stringContaining('p2'),
      remedy: expect.stringContaining('fleet restore acme --to p1'),
    }
    await expect(fleet.restore('acme')).rejects.toMatchObject(refused)
    for await (const _ of fleet.restorePoints.prune());
    await expect(fleet.restore('acme')).rejects.toMatchObject(refused)
    expect(await fleet.restore('acme', { to: 'p1' })).toMatchObject({ point: { state: 'restored' } })
  })

  test('is planned first: where it would lead is known, and nothing is changed', async () => {
    const { fleet } = await setup()
    await fleet.restorePoints.create('acme')
    expect(await fleet.planRestore('acme')).toMatchObject({ point: { id: 'p1' }, isUnfinished: false, isLast: false })
    await expect(fleet.planRestore('acme', { to: 'p9' })).rejects.toMatchObject({ code: 'RESTORE_POINT_UNKNOWN' })
    const { kept } = await fleet.restore('acme')
    expect(await fleet.planRestore('acme', { to: kept.id })).toMatchObject({ point: { id: kept.id }, isLast: false })
  })
})
