import { expect, test } from 'vitest'
import type { Placement } from '../../src/model/tenant.ts'
import type { RestoreOutcome, RestorePointLooks } from '../../src/providers/copying-provider.ts'
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
  const keptMark = (key: string) => fleet().mark('kept-state', key)
  const nothing = { observe: async () => {}, prove: async () => {} }
  /** Whether nobody gets into the tenant while it is copied. */
  const closes = async ({ server, database }: Placement) =>
    (await fleet().provider.foreseeCopies(server, [database])).copies[0]?.closes

  test('a restore point has the rows of the tenant, and lets nobody in', async () => {
    const { provider, server, application, inside, underTest } = fleet()
    const placement = await withNote()
    const seen: string[] = []
    const point = await provider.createRestorePoint(placement, mark('p1'), {
      observe: async (tenant) => void seen.push(`${(await tenant.query(READ)).rowCount} in the tenant`),
      prove: async (copy) => void seen.push(`${(await inside(copy, READ)).length} in the copy`),
    })
    expect(seen).toEqual(underTest.traits.opensToProve ? ['1 in the tenant', '1 in the copy'] : ['1 in the tenant'])
    expect(point).toMatchObject(provider.plannedRestorePoint(placement, mark('p1')))
    expect(point.settingsLost).toEqual([])
    expect([...(await provider.lookUpDatabases(server, [point.database]))]).toEqual([
      [point.database, point.databaseId],
    ])
    expect(await underTest.isOpen(point)).toBe(false)
    await expect(inside(application(placement, { to: point }), 'select 1')).rejects.toThrow()
    expect(await inside(application(placement), READ)).toEqual([{ text: 'before' }])
  })

  test('who comes while a tenant is copied is told to come again or not disturbed, as foreseen', async () => {
    const { provider, application, inside } = fleet()
    const placement = await withNote()
    let answer: unknown
    await provider.createRestorePoint(placement, mark('p1'), {
      ...nothing,
      // The copy begins when this is over: whoever is not refused waits for it.
      observe: async () => {
        answer = await inside(application(placement), READ).catch((error: unknown) => error)
      },
    })
    if (await closes(placement)) expect(answer).toMatchObject({ cause: { code: '57P01' } })
    else expect(answer).toEqual([{ text: 'before' }])
    expect(await inside(application(placement), READ)).toEqual([{ text: 'before' }])
  })

  test('what a restore point would take is told before, and what it took after', async () => {
    const { provider, underTest } = fleet()
    const placement = await withNote()
    const { server, database } = placement
    const names = underTest.traits.knowsSizes ? [database, 'gone'] : [database]
    const { copies, freeBytes } = await provider.foreseeCopies(server, names)
    expect(copies).toEqual([
      {
        bytes: expect.any(Number),
        method: expect.any(String),
        diskBytes: expect.any(Number),
        closes: expect.any(Boolean),
      },
    ])
    expect(copies[0]?.diskBytes).toBeLessThanOrEqual(copies[0]?.bytes ?? 0)
    expect(freeBytes ?? 1).toBeGreaterThan(0)
    const { copying, bytes } = await provider.createRestorePoint(placement, mark('p1'), nothing)
    expect(copying.method).toBe(copies[0]?.method)
    expect([0, bytes]).toContain(copying.diskBytes)
    if (copies[0]?.closes) expect(copying.closedMs).toBeGreaterThan(0)
    else expect(copying.closedMs).toBe(0)
    expect(copying.tookMs).toBeGreaterThanOrEqual(copying.closedMs)
    expect(provider.guessCopyMs(copying.method, bytes)).toBeGreaterThan(0)
    expect(provider.guessCopyMs('of another release', bytes)).toBeGreaterThan(0)
    expect(await provider.foreseeCopies(server, [])).toMatchObject({ copies: [] })
  })

  test('the same mark again makes it anew, and one that is not proven goes away', async () => {
    const { provider, application, inside, whatIsLeft, underTest } = fleet()
    const placement = await withNote()
    const before = await whatIsLeft()
    const first = await provider.createRestorePoint(placement, mark('p1'), nothing)
    await inside(application(placement), `insert into note (text) values ('since')`)
    const second = await provider.createRestorePoint(placement, mark('p1'), nothing)
    expect(second.database).toBe(first.database)
    expect(second.databaseId).not.toBe(first.databaseId)
    const seen: unknown[] = []
    await provider.lookIntoRestorePoint(
      second,
      mark('p1'),
      async (copy) => void seen.push(...(await inside(copy, READ))),
    )
    expect(seen).toEqual([{ text: 'before' }, { text: 'since' }])
    await provider.releaseRestorePoint(second, mark('p1'))
    await provider.releaseRestorePoint(second, mark('p1'))
    expect(await whatIsLeft()).toEqual(before)
    const no = new Error('not what it should be')
    const refusing = () => Promise.reject(no)
    const looks: RestorePointLooks[] = [{ ...nothing, observe: refusing }]
    if (underTest.traits.opensToProve) looks.push({ ...nothing, prove: refusing })
    for (const it of looks) await expect(provider.createRestorePoint(placement, mark('p1'), it)).rejects.toThrow(no)
    expect(await whatIsLeft()).toEqual(before)
    expect(await inside(application(placement), READ)).toEqual([{ text: 'before' }, { text: 'since' }])
  })

  test('a restore point can be looked into by us alone, and is closed again whatever happens', async () => {
    const { provider, second, application, inside, underTest } = fleet()
    const placement = await withNote()
    const point = await provider.createRestorePoint(placement, mark('p1'), nothing)
    const seen: unknown[] = []
    await provider.lookIntoRestorePoint(point, mark('p1'), async (copy) => {
      seen.push(...(await inside(copy, READ)))
      await expect(inside(application(placement, { to: point }), 'select 1')).rejects.toThrow()
    })
    expect(seen).toEqual([{ text: 'before' }])
    const no = new Error('not what was looked for')
    await expect(provider.lookIntoRestorePoint(point, mark('p1'), () => Promise.reject(no))).rejects.toBe(no)
    expect(await underTest.isOpen(point)).toBe(false)
    // As after a crash in the middle: the next look closes it.
    await underTest.diesLooking(placement, point)
    expect(await underTest.isOpen(point)).toBe(true)
    await second.lookIntoRestorePoint(point, mark('p1'), async () => {})
    expect(await underTest.isOpen(point)).toBe(false)
    const request = { placement, point, mark: mark('p1'), keptMark: keptMark('p2') }
    const outcome = await provider.restore(request, async () => {})
    expect(await inside(application(outcome.placement), READ)).toEqual([{ text: 'before' }])
    await expect(provider.lookIntoRestorePoint(point, mark('p1'), async () => {})).rejects.toMatchObject({
      code: 'RESTORE_POINT_UNKNOWN',
    })
  })

  test('what was looked into and died, is returned to with its application let in', async () => {
    const { provider, application, inside, underTest } = fleet()
    const placement = await withNote()
    const point = await provider.createRestorePoint(placement, mark('p1'), nothing)
    await inside(application(placement), `insert into note (text) values ('since')`)
    const { placement: now, kept } = await provider.restore(
      { placement, point, mark: mark('p1'), keptMark: keptMark('p2') },
      async () => {},
    )
    if (kept === null) throw new Error('Nothing was kept.')
    await underTest.diesLooking(now, kept)
    const seen: unknown[] = []
    await provider.lookIntoRestorePoint(kept, keptMark('p2'), async (copy) => {
      seen.push(...(await inside(copy, READ)))
      await expect(inside(application(now, { to: kept }), 'select 1')).rejects.toThrow()
    })
    expect(seen).toEqual([{ text: 'before' }, { text: 'since' }])
    await underTest.diesLooking(now, kept)
    const back = await provider.restore(
      { placement: now, point: kept, mark: keptMark('p2'), keptMark: keptMark('p3') },
      async () => {},
    )
    expect(await inside(application(back.placement), READ)).toEqual([{ text: 'before' }, { text: 'since' }])
  })

  test('a restore keeps the login and what was there, happens once, and can be taken back', async () => {
    const { provider, second, application, inside, underTest } = fleet()
    const placement = await withNote()
    const point = await provider.createRestorePoint(placement, mark('p1'), nothing)
    await inside(application(placement), `insert into note (text) values ('since')`)
    const request = { placement, point, mark: mark('p1'), keptMark: keptMark('p2') }
    const outcome = await provider.restore(request, async () => {})
    const { database, loginRole } = placement
    expect(outcome).toMatchObject({
      placement: { database, loginRole, databaseId: expect.any(String) },
      settingsLost: [],
      endpointChanged: underTest.traits.movesInRestores,
    })
    expect(await inside(application(outcome.placement), READ)).toEqual([{ text: 'before' }])
    if (outcome.endpointChanged) await expect(inside(application(placement), READ)).rejects.toThrow()
    else expect(await inside(application(placement), READ)).toEqual([{ text: 'before' }])
    // As after a crash: nobody is asked again, and nothing is exchanged again.
    const again = await second.restore(request, () => Promise.reject(new Error('asked again')))
    expect(unsealed(again)).toEqual(unsealed({ ...outcome, closedFor: null }))
    expect(outcome.closedFor).toBeGreaterThan(0)
    const { kept } = outcome
    if (kept === null) throw new Error('Nothing was kept.')
    expect(kept).toMatchObject(provider.plannedRestorePoint(outcome.placement, keptMark('p2')))
    const back = await provider.restore(
      { placement: outcome.placement, point: kept, mark: keptMark('p2'), keptMark: keptMark('p3') },
      async () => {},
    )
    expect(await inside(application(back.placement), READ)).toHaveLength(2)
  })

  test('a restore that is not confirmed changes nothing', async () => {
    const { provider, application, inside, whatIsLeft } = fleet()
    const placement = await withNote()
    const point = await provider.createRestorePoint(placement, mark('p1'), nothing)
    const before = await whatIsLeft()
    const request = { placement, point, mark: mark('p1'), keptMark: keptMark('p2') }
    const no = new Error('rows would be lost')
    await expect(provider.restore(request, () => Promise.reject(no))).rejects.toThrow(no)
    expect(await whatIsLeft()).toEqual(before)
    expect(await inside(application(placement), READ)).toEqual([{ text: 'before' }])
  })

  test('what does not carry the mark is no restore point, and is not removed', async () => {
    const { provider, whatIsLeft, underTest } = fleet()
    const placement = await withNote()
    const point = await provider.createRestorePoint(placement, mark('p1'), nothing)
    await underTest.unmark(point)
    const before = await whatIsLeft()
    const request = { placement, point, mark: mark('p1'), keptMark: keptMark('p2') }
    await expect(provider.restore(request, async () => {})).rejects.toMatchObject({ code: 'DATABASE_FOREIGN' })
    await expect(provider.releaseRestorePoint(point, mark('p1'))).rejects.toMatchObject({ code: 'DATABASE_FOREIGN' })
    expect(await whatIsLeft()).toEqual(before)
  })

  test('a state that a restore has kept can be released, or goes with the tenant', async () => {
    const { provider, application, inside, mark: markOf, template, whatIsLeft, underTest } = fleet()
    const { left } = await template()
    const first = await withNote()
    const before = await whatIsLeft()
    const point = await provider.createRestorePoint(first, mark('p1'), nothing)
    const request = { placement: first, point, mark: mark('p1'), keptMark: keptMark('p2') }
    const { placement, kept } = await provider.restore(request, async () => {})
    if (kept === null) throw new Error('Nothing was kept.')
    const { releasesKept } = underTest.traits
    expect(await provider.releaseRestorePoint(kept, keptMark('p2'))).toBe(releasesKept)
    expect(await provider.releaseRestorePoint(kept, keptMark('p2'))).toBe(releasesKept)
    if (releasesKept) expect(await whatIsLeft()).toEqual(before)
    expect(await inside(application(placement), READ)).toEqual([{ text: 'before' }])
    await provider.deleteDatabase(placement, markOf('tenant', 'one'))
    expect(await whatIsLeft()).toEqual(left)
    expect(await provider.releaseRestorePoint(kept, keptMark('p2'))).toBe(true)
  })
}

/** The same password is encrypted to another text each time. */
function unsealed({ placement, ...outcome }: RestoreOutcome): object {
  const { own, ...rest } = placement
  return { ...outcome, placement: own === undefined ? rest : { ...rest, own: { ...own, sealed: undefined } } }
}
