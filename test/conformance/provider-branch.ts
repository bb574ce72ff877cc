import { expect, test } from 'vitest'
import type { Placement } from '../../src/model/tenant.ts'
import { quoteIdentifier } from '../../src/postgres/identifiers.ts'
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
    const { provider, application, inside, asSuperuser } = fleet()
    const placement = await withNote()
    const name = quoteIdentifier(placement.database)
    await asSuperuser(`alter database ${name} set work_mem = '9MB'; alter database ${name} connection limit 7`)
    const request = await fromPoint(placement)
    const session = await inside(application(placement), 'select pg_backend_pid() as pid')
    expect(session).toHaveLength(1)
    const branch = await provider.branch(request)
    expect(branch).toMatchObject({ placement: { ...provider.plannedBranch(placement, mark('b1')), loginRole: null } })
    expect(branch.bytes).toBeGreaterThan(1_000_000)
    expect(branch.settingsLost).toEqual([])
    const inBranch = await provider.connect(branch.placement)
    const role = quoteIdentifier(branch.placement.ownerRole ?? '')
    expect(await inside(inBranch, `set role ${role}; alter table note add column more int; ${READ}`)).toHaveLength(1)
    expect(await inside(inBranch, 'show work_mem')).toEqual([{ work_mem: '9MB' }])
    expect(await inside(application(placement), 'select * from note')).toEqual([{ id: 1, text: 'before' }])
    const [point] = await asSuperuser(
      'select datallowconn as open, oid::text as "databaseId" from pg_database where datname = $1',
      [request.from.point.database],
    )
    expect(point).toEqual({ open: false, databaseId: request.from.point.databaseId })
  })

  test('nobody but the admin gets into a branch', async () => {
    const { provider, application, inside, asSuperuser } = fleet()
    const placement = await withNote()
    const { placement: branch } = await provider.branch(await fromPoint(placement))
    await expect(inside(application(placement, { to: branch.database }), 'select 1')).rejects.toMatchObject({
      code: 'RIGHT_MISSING',
    })
    const rows = await asSuperuser(
      `select has_database_privilege('fleet_owner', $1, 'connect') as owner,
         exists (select from pg_database d, aclexplode(d.datacl) a where d.datname = $1 and a.grantee = 0) as everybody`,
      [branch.database],
    )
    expect(rows).toEqual([{ owner: false, everybody: false }])
  })

  test('a branch of the tenant itself has what is in it, ends its sessions, and lets the next one in', async () => {
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

  test('one whose making died before it was marked is removed, and one that is not ours is not', async () => {
    const { provider, asSuperuser, whatIsLeft } = fleet()
    const placement = await withNote()
    const before = await whatIsLeft()
    const planned = provider.plannedBranch(placement, mark('b1'))
    const database = quoteIdentifier(planned.database)
    await asSuperuser(
      `create database ${database} template ${quoteIdentifier(placement.database)} owner fleet_owner allow_connections false`,
    )
    await provider.deleteBranch(planned, mark('b1'))
    expect(await whatIsLeft()).toEqual(before)
    await asSuperuser(`create database ${database} template template0 owner fleet_owner`)
    await expect(provider.deleteBranch(planned, mark('b1'))).rejects.toMatchObject({ code: 'DATABASE_FOREIGN' })
    await expect(provider.branch({ placement, from: null, mark: mark('b1') })).rejects.toMatchObject({
      code: 'DATABASE_FOREIGN',
    })
  })

  test('a restore point that is gone, or that does not carry the mark, is not copied', async () => {
    const { provider, asSuperuser } = fleet()
    const placement = await withNote()
    const request = await fromPoint(placement)
    const { point } = request.from
    await asSuperuser(`comment on database ${quoteIdentifier(point.database)} is 'mine'`)
    await expect(provider.branch(request)).rejects.toMatchObject({ code: 'DATABASE_FOREIGN' })
    const other = { ...request, from: { ...request.from, point: { ...point, databaseId: '1' } } }
    await expect(provider.branch(other)).rejects.toMatchObject({ code: 'RESTORE_POINT_UNKNOWN' })
  })

  test('what copying costs is told from the size', async () => {
    const { provider } = fleet()
    const { server, database } = await withNote()
    const [copy] = (await provider.foreseeCopies(server, [database])).copies
    expect(copy?.bytes).toBeGreaterThan(1_000_000)
    expect(provider.guessCopyMs(copy?.method ?? '', copy?.bytes ?? 0)).toBeGreaterThan(0)
  })
}
