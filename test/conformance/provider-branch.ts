import { expect, test } from 'vitest'
import type { Placement } from '../../src/model/tenant.ts'
import type { TestFleet } from './provider-setup.ts'

/** Branches to rehearse on: what every provider promises of them. */
export function branchTests(fleet: () => TestFleet): void {
  const READ = 'select text from note order by text'
  const mark = (key: string) => fleet().mark('rehearsal', key)
  const pointMark = () => fleet().mark('restore-point', 'p1')
  const nothing = { observe: async () => {}, prove: async () => {} }

  async function withNote(): Promise<Placement> {
    const { template, tenant, inside, application } = fleet()
    const placement = await tenant(await template(), 'one')
    await inside(application(placement), `insert into note (text) values ('before')`)
    return placement
  }

  async function fromPoint(placement: Placement) {
    const { provider } = fleet()
    const point = await provider.createRestorePoint(placement, pointMark(), nothing)
    return { placement, from: { point, mark: pointMark() }, mark: mark('b1') }
  }

  test('a branch of a restore point can be changed as the tenant can, and changes neither', async () => {
    const { provider, server, application, inside, asOwner, underTest } = fleet()
    const placement = await withNote()
    const request = await fromPoint(placement)
    const { point } = request.from
    await inside(application(placement), `insert into note (text) values ('since')`)
    const branch = await provider.branch(request)
    expect(branch).toMatchObject({
      placement: {
        ...provider.plannedBranch(placement, mark('b1')),
        databaseId: expect.any(String),
        ownerRole: placement.ownerRole,
        loginRole: null,
      },
    })
    expect(branch.bytes).toBeGreaterThan(1_000_000)
    expect(branch.settingsLost).toEqual([])
    const inBranch = await provider.connect(branch.placement)
    expect(await asOwner(inBranch, `alter table note add column more int; ${READ}`)).toEqual([{ text: 'before' }])
    expect(await inside(application(placement), 'select * from note order by id')).toEqual([
      { id: 1, text: 'before' },
      { id: 2, text: 'since' },
    ])
    expect(await underTest.isOpen(point)).toBe(false)
    expect([...(await provider.lookUpDatabases(server, [point.database]))]).toEqual([
      [point.database, point.databaseId],
    ])
  })

  test('nobody but the admin gets into a branch', async () => {
    const { provider, application, inside } = fleet()
    const placement = await withNote()
    for (const request of [await fromPoint(placement), { placement, from: null, mark: mark('b2') }]) {
      const { placement: branch } = await provider.branch(request)
      await expect(inside(application(placement, { to: branch }), 'select 1')).rejects.toMatchObject({
        code: 'RIGHT_MISSING',
      })
      const [rights] = await inside(
        await provider.connect(branch),
        `select has_database_privilege('public', current_database(), 'connect') as open`,
      )
      expect(rights).toEqual({ open: false })
    }
    expect(await inside(application(placement), READ)).toEqual([{ text: 'before' }])
  })

  test('a branch of the tenant itself has what is in it, and lets the next one into the tenant', async () => {
    const { provider, application, inside } = fleet()
    const placement = await withNote()
    const request = { placement, from: null, mark: mark('b1') }
    const { placement: branch, copyMs } = await provider.branch(request)
    expect(copyMs).toBeGreaterThan(0)
    expect(await inside(await provider.connect(branch), READ)).toEqual([{ text: 'before' }])
    expect(await inside(application(placement), READ)).toEqual([{ text: 'before' }])
  })

  test('the same mark again makes it anew, and deleting it twice is fine', async () => {
    const { provider, second, whatIsLeft } = fleet()
    const placement = await withNote()
    const request = await fromPoint(placement)
    const before = await whatIsLeft()
    const first = await provider.branch(request)
    const again = await second.branch(request)
    expect(again.placement.database).toBe(first.placement.database)
    expect(again.placement.databaseId).not.toBe(first.placement.databaseId)
    await provider.deleteBranch(again.placement, mark('b1'))
    await provider.deleteBranch(again.placement, mark('b1'))
    expect(await whatIsLeft()).toEqual(before)
  })

  test('one whose making died is removed, and one that is not ours is not', async () => {
    const { provider, whatIsLeft, underTest } = fleet()
    const placement = await withNote()
    const before = await whatIsLeft()
    const planned = provider.plannedBranch(placement, mark('b1'))
    await underTest.diesBranching(placement, planned, mark('b1'))
    await provider.deleteBranch(planned, mark('b1'))
    expect(await whatIsLeft()).toEqual(before)
    await underTest.occupy(planned, mark('b1'))
    const occupied = await whatIsLeft()
    await expect(provider.deleteBranch(planned, mark('b1'))).rejects.toMatchObject({ code: 'DATABASE_FOREIGN' })
    await expect(provider.branch({ placement, from: null, mark: mark('b1') })).rejects.toMatchObject({
      code: 'DATABASE_FOREIGN',
    })
    expect(await whatIsLeft()).toEqual(occupied)
  })

  test('a restore point that is gone, or that does not carry the mark, is not copied', async () => {
    const { provider, underTest } = fleet()
    const placement = await withNote()
    const request = await fromPoint(placement)
    const { point } = request.from
    await underTest.unmark(point)
    await expect(provider.branch(request)).rejects.toMatchObject({ code: 'DATABASE_FOREIGN' })
    const other = { ...request, from: { ...request.from, point: { ...point, databaseId: '1' } } }
    await expect(provider.branch(other)).rejects.toMatchObject({ code: 'RESTORE_POINT_UNKNOWN' })
  })

  test('what copying costs is told from the size', async () => {
    const { provider, underTest } = fleet()
    const { server, database } = await withNote()
    const [copy] = (await provider.foreseeCopies(server, [database])).copies
    if (underTest.traits.knowsSizes) expect(copy?.bytes).toBeGreaterThan(1_000_000)
    expect(provider.guessCopyMs(copy?.method ?? '', copy?.bytes ?? 0)).toBeGreaterThan(0)
  })
}
