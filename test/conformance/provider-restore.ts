import { expect, test } from 'vitest'
import type { Placement } from '../../src/model/tenant.ts'
import { quoteIdentifier } from '../../src/postgres/identifiers.ts'
import type { TestFleet } from './provider-setup.ts'

/** Restore points and restores: what every provider that has them promises. */
export function restoreTests(fleet: () => TestFleet): void {
  const READ = 'select text from note order by text'

  async function withNote(): Promise<Placement> {
    const { template, tenant, inside, application } = fleet()
    const placement = await tenant(await template(), 'one')
    await inside(application(placement), `insert into note (text) values ('before')`)
    return placement
  }

  const mark = (key: string) => fleet().mark('restore-point', key)
  const nothing = { observe: async () => {}, prove: async () => {} }
  const settingsOf = (database: string) =>
    fleet().asSuperuser(
      `select pg_get_userbyid(datdba) as owner, datacl::text as grants, datconnlimit as most, array(select unnest(setconfig)
         from pg_db_role_setting where setdatabase = d.oid order by 1) as parameters from pg_database d where datname = $1`,
      [database],
    )

  test('a restore point has the rows and the settings of the tenant, and lets nobody in', async () => {
    const { provider, asSuperuser, application, inside } = fleet()
    const placement = await withNote()
    const name = quoteIdentifier(placement.database)
    await asSuperuser(`alter database ${name} set work_mem = '9MB'; alter database ${name} connection limit 7`)
    const seen: string[] = []
    const point = await provider.createRestorePoint(placement, mark('p1'), {
      observe: async (tenant) => void seen.push(`${(await tenant.query(READ)).rowCount} in the tenant`),
      prove: async (copy) => void seen.push(`${(await inside(copy, READ)).length} in the copy`),
    })
    expect(seen).toEqual(['1 in the tenant', '1 in the copy'])
    expect(point).toMatchObject(provider.plannedRestorePoint(placement, mark('p1')))
    expect(await settingsOf(point.database)).toEqual(await settingsOf(placement.database))
    expect(point.settingsLost).toEqual([])
    await expect(inside(application(placement, { to: point.database }), 'select 1')).rejects.toThrow()
    expect(await inside(application(placement), READ)).toEqual([{ text: 'before' }])
  })

  test('who comes while a tenant is copied waits 2 s at most, and is let in when it is over', async () => {
    const { provider, application, inside } = fleet()
    const placement = await withNote()
    let refused: unknown
    await provider.createRestorePoint(placement, mark('p1'), {
      ...nothing,
      // The copy begins when this is over: whoever is not refused waits for it.
      observe: async () => {
        refused = await inside(application(placement), READ).catch((error: unknown) => error)
      },
    })
    expect(refused).toMatchObject({ cause: { code: '57P01' } })
    expect(await inside(application(placement), READ)).toEqual([{ text: 'before' }])
  })

  test('what a restore point would take is told before, and what it took after', async () => {
    const { provider } = fleet()
    const placement = await withNote()
    const { server, database } = placement
    const { copies, freeBytes } = await provider.foreseeCopies(server, [database, 'gone'])
    expect(copies).toEqual([
      { bytes: expect.any(Number), method: expect.any(String), diskBytes: expect.any(Number), closes: true },
    ])
    expect(copies[0]?.diskBytes).toBeLessThanOrEqual(copies[0]?.bytes ?? 0)
    expect(freeBytes ?? 1).toBeGreaterThan(0)
    const { copying, bytes } = await provider.createRestorePoint(placement, mark('p1'), nothing)
    expect(copying.method).toBe(copies[0]?.method)
    expect([0, bytes]).toContain(copying.diskBytes)
    expect(copying.closedMs).toBeGreaterThan(0)
    expect(copying.tookMs).toBeGreaterThanOrEqual(copying.closedMs)
    expect(provider.guessCopyMs(copying.method, bytes)).toBeGreaterThan(0)
    expect(provider.guessCopyMs('of another release', bytes)).toBeGreaterThan(0)
    expect(await provider.foreseeCopies(server, [])).toMatchObject({ copies: [] })
  })

  test('the same mark again makes it anew, and one that is not proven goes away', async () => {
    const { provider, application, inside, whatIsLeft } = fleet()
    const placement = await withNote()
    const first = await provider.createRestorePoint(placement, mark('p1'), nothing)
    const second = await provider.createRestorePoint(placement, mark('p1'), nothing)
    expect(second.database).toBe(first.database)
    expect(second.databaseId).not.toBe(first.databaseId)
    await provider.releaseRestorePoint(second, mark('p1'))
    await provider.releaseRestorePoint(second, mark('p1'))
    const no = new Error('not what it should be')
    for (const looks of [
      { ...nothing, observe: () => Promise.reject(no) },
      { ...nothing, prove: () => Promise.reject(no) },
    ])
      await expect(provider.createRestorePoint(placement, mark('p1'), looks)).rejects.toThrow(no)
    expect((await whatIsLeft()).filter((it) => it.includes('restore'))).toEqual([])
    expect(await inside(application(placement), READ)).toEqual([{ text: 'before' }])
  })

  test('a restore point can be looked into by us alone, and is closed again whatever happens', async () => {
    const { provider, second, asSuperuser, application, inside } = fleet()
    const placement = await withNote()
    const point = await provider.createRestorePoint(placement, mark('p1'), nothing)
    const settings = await settingsOf(point.database)
    const seen: unknown[] = []
    await provider.lookIntoRestorePoint(point, mark('p1'), async (copy) => {
      seen.push(...(await inside(copy, READ)))
      await expect(inside(application(placement, { to: point.database }), 'select 1')).rejects.toThrow()
    })
    expect(seen).toEqual([{ text: 'before' }])
    const no = new Error('not what was looked for')
    await expect(provider.lookIntoRestorePoint(point, mark('p1'), () => Promise.reject(no))).rejects.toBe(no)
    expect(await settingsOf(point.database)).toEqual(settings)
    const isOpen = () =>
      asSuperuser('select datallowconn as open from pg_database where datname = $1', [point.database])
    expect(await isOpen()).toEqual([{ open: false }])
    // As after a crash in the middle: the next look closes it.
    const name = quoteIdentifier(point.database)
    await asSuperuser(`revoke all on database ${name} from ${quoteIdentifier(placement.loginRole ?? '')};
      alter database ${name} allow_connections true`)
    await second.lookIntoRestorePoint(point, mark('p1'), async () => {})
    expect(await isOpen()).toEqual([{ open: false }])
    const outcome = await provider.restore({ placement, point, mark: mark('p1'), keptMark: mark('p2') }, async () => {})
    expect(await inside(application(outcome.placement), READ)).toEqual([{ text: 'before' }])
    await expect(provider.lookIntoRestorePoint(point, mark('p1'), async () => {})).rejects.toMatchObject({
      code: 'RESTORE_POINT_UNKNOWN',
    })
  })

  test('a restore keeps the login and what was there, happens once, and can be taken back', async () => {
    const { provider, second, application, inside } = fleet()
    const placement = await withNote()
    const point = await provider.createRestorePoint(placement, mark('p1'), nothing)
    await inside(application(placement), `insert into note (text) values ('since')`)
    const request = { placement, point, mark: mark('p1'), keptMark: mark('p2') }
    const outcome = await provider.restore(request, async () => {})
    expect(outcome).toMatchObject({ placement: { ...placement, databaseId: point.databaseId }, settingsLost: [] })
    expect(await inside(application(placement), READ)).toEqual([{ text: 'before' }])
    // As after a crash: nobody is asked again, and nothing is exchanged again.
    const again = await second.restore(request, () => Promise.reject(new Error('asked again')))
    expect(again).toEqual({ ...outcome, closedFor: null })
    expect(outcome.closedFor).toBeGreaterThan(0)
    const { kept } = outcome
    if (kept === null) throw new Error('Nothing was kept.')
    await provider.restore(
      { placement: outcome.placement, point: kept, mark: mark('p2'), keptMark: mark('p3') },
      async () => {},
    )
    expect(await inside(application(placement), READ)).toHaveLength(2)
  })

  test('a restore that is not confirmed changes nothing', async () => {
    const { provider, application, inside, whatIsLeft } = fleet()
    const placement = await withNote()
    const point = await provider.createRestorePoint(placement, mark('p1'), nothing)
    const before = await whatIsLeft()
    const request = { placement, point, mark: mark('p1'), keptMark: mark('p2') }
    const no = new Error('rows would be lost')
    await expect(provider.restore(request, () => Promise.reject(no))).rejects.toThrow(no)
    expect(await whatIsLeft()).toEqual(before)
    expect(await inside(application(placement), READ)).toEqual([{ text: 'before' }])
  })

  test('what no copy has prevents a restore point and a restore, unless they are forced', async () => {
    const { provider, asSuperuser, inside } = fleet()
    const placement = await withNote()
    const point = await provider.createRestorePoint(placement, mark('p1'), nothing)
    const request = { placement, point, mark: mark('p1'), keptMark: mark('p2') }
    const subscription = `sub_${placement.database}`
    const within = async (sql: string) => {
      const [row] = await asSuperuser<{ name: string }>(
        `select d.datname as name from pg_subscription s join pg_database d on d.oid = s.subdbid where s.subname = $1
         union all select $2`,
        [subscription, placement.database],
      )
      await asSuperuser(`alter database ${quoteIdentifier(row?.name ?? '')} allow_connections true`)
      await inside({ ...fleet().superuser, database: row?.name ?? '' }, sql)
    }
    await within(`create subscription ${subscription} connection 'dbname=nowhere' publication p
      with (connect = false, enabled = false, create_slot = false, slot_name = none)`)
    try {
      const copy = (force: boolean) => provider.createRestorePoint(placement, mark('p3'), nothing, { force })
      await expect(copy(false)).rejects.toMatchObject({ code: 'RESTORE_POINT_REFUSED' })
      const exchange = (force: boolean) => provider.restore({ ...request, force }, async () => {})
      await expect(exchange(false)).rejects.toMatchObject({ code: 'RESTORE_REFUSED' })
      expect(await copy(true)).toMatchObject({ settingsLost: [] })
      expect(await exchange(true)).toMatchObject({ placement: { databaseId: point.databaseId } })
    } finally {
      await within(`drop subscription ${subscription}`)
    }
  })

  test('a database that does not carry the mark is no restore point, and is not removed', async () => {
    const { provider, asSuperuser } = fleet()
    const placement = await withNote()
    const point = await provider.createRestorePoint(placement, mark('p1'), nothing)
    await asSuperuser(`comment on database ${quoteIdentifier(point.database)} is 'mine'`)
    const request = { placement, point, mark: mark('p1'), keptMark: mark('p2') }
    await expect(provider.restore(request, async () => {})).rejects.toMatchObject({ code: 'DATABASE_FOREIGN' })
    await expect(provider.releaseRestorePoint(point, mark('p1'))).rejects.toMatchObject({ code: 'DATABASE_FOREIGN' })
  })
}
