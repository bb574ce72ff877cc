import { expect, test } from 'vitest'
import type { Placement } from '../../../src/model/tenant.ts'
import { withClient } from '../../../src/postgres/connect.ts'
import { quoteIdentifier } from '../../../src/postgres/identifiers.ts'
import type { TestFleet } from '../../conformance/provider-setup.ts'
import type { ServerUnderTest } from './server-under-test.ts'

/** What copies of databases have and do not have, and what copying does to those who are connected. */
export function serverCopyTests(fleet: () => TestFleet<ServerUnderTest>): void {
  const READ = 'select text from note order by text'
  const mark = (key: string) => fleet().mark('restore-point', key)
  const branchMark = () => fleet().mark('rehearsal', 'b1')
  const nothing = { observe: async () => {}, prove: async () => {} }
  const asSuperuser: ServerUnderTest['asSuperuser'] = (sql, values) => fleet().underTest.asSuperuser(sql, values)

  async function withNote(): Promise<Placement> {
    const { template, tenant, inside, application } = fleet()
    const placement = await tenant(await template(), 'one')
    await inside(application(placement), `insert into note (text) values ('before')`)
    return placement
  }

  async function withSettings(): Promise<Placement> {
    const placement = await withNote()
    const name = quoteIdentifier(placement.database)
    await asSuperuser(`alter database ${name} set work_mem = '9MB'; alter database ${name} connection limit 7`)
    return placement
  }

  const settingsOf = (database: string) =>
    asSuperuser(
      `select pg_get_userbyid(datdba) as owner, datacl::text as grants, datconnlimit as most, array(select unnest(setconfig)
         from pg_db_role_setting where setdatabase = d.oid order by 1) as parameters from pg_database d where datname = $1`,
      [database],
    )

  test('a restore point has the settings of the tenant', async () => {
    const { provider } = fleet()
    const placement = await withSettings()
    const point = await provider.createRestorePoint(placement, mark('p1'), nothing)
    expect(await settingsOf(point.database)).toEqual(await settingsOf(placement.database))
    expect(point.settingsLost).toEqual([])
  })

  test('a look into a restore point leaves its settings, also after one that died', async () => {
    const { provider, second, underTest } = fleet()
    const placement = await withNote()
    const point = await provider.createRestorePoint(placement, mark('p1'), nothing)
    const settings = await settingsOf(point.database)
    await provider.lookIntoRestorePoint(point, mark('p1'), async () => {})
    const no = new Error('not what was looked for')
    await expect(provider.lookIntoRestorePoint(point, mark('p1'), () => Promise.reject(no))).rejects.toBe(no)
    expect(await settingsOf(point.database)).toEqual(settings)
    await underTest.diesLooking(placement, point)
    await second.lookIntoRestorePoint(point, mark('p1'), async () => {})
    expect(await underTest.isOpen(point)).toBe(false)
  })

  test('nobody gets into a tenant while it is copied: who comes waits 2 s at most, and is let in when it is over', async () => {
    const { provider, application, inside } = fleet()
    const placement = await withNote()
    const { server, database } = placement
    expect(await provider.foreseeCopies(server, [database, 'gone'])).toMatchObject({ copies: [{ closes: true }] })
    let refused: unknown
    await provider.createRestorePoint(placement, mark('p1'), {
      ...nothing,
      observe: async () => {
        refused = await inside(application(placement), READ).catch((error: unknown) => error)
      },
    })
    expect(refused).toMatchObject({ cause: { code: '57P01' } })
    expect(await inside(application(placement), READ)).toEqual([{ text: 'before' }])
  })

  const COPYING = `select from pg_stat_activity where state = 'active' and query like $1 and pid <> pg_backend_pid()`

  test('a tenant is copied though others notify whoever listens on its server, which wakes the command too often', async () => {
    const { provider, underTest } = fleet()
    const placement = await withNote()
    let looks = 0
    const point = await provider.createRestorePoint(placement, mark('p1'), {
      ...nothing,
      observe: async () => {
        looks++
        if (looks > 1) return
        await withClient(underTest.superuser, { applicationName: 'fleet/test' }, async (client) => {
          while ((await client.query(COPYING, [`%template "${placement.database}"%`])).rowCount !== 0)
            await client.query('notify somebody')
        })
      },
    })
    expect(looks).toBe(2)
    await provider.lookIntoRestorePoint(point, mark('p1'), async () => {})
  })

  test('a restore puts the copy in the place of the tenant, with its id', async () => {
    const { provider } = fleet()
    const placement = await withNote()
    const point = await provider.createRestorePoint(placement, mark('p1'), nothing)
    const request = { placement, point, mark: mark('p1'), keptMark: mark('p2') }
    const outcome = await provider.restore(request, async () => {})
    expect(outcome).toMatchObject({ placement: { ...placement, databaseId: point.databaseId }, settingsLost: [] })
  })

  test('what no copy has prevents a restore point and a restore, unless they are forced', async () => {
    const { provider, inside, underTest } = fleet()
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
      await inside({ ...underTest.superuser, database: row?.name ?? '' }, sql)
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

  test('a branch has the settings of the tenant', async () => {
    const { provider, application, inside } = fleet()
    const placement = await withSettings()
    const point = await provider.createRestorePoint(placement, mark('p1'), nothing)
    const session = await inside(application(placement), 'select pg_backend_pid() as pid')
    expect(session).toHaveLength(1)
    const branch = await provider.branch({ placement, from: { point, mark: mark('p1') }, mark: branchMark() })
    expect(branch.settingsLost).toEqual([])
    const inBranch = await provider.connect(branch.placement)
    const role = quoteIdentifier(branch.placement.ownerRole ?? '')
    expect(await inside(inBranch, `set role ${role}; alter table note add column more int; ${READ}`)).toHaveLength(1)
    expect(await inside(inBranch, 'show work_mem')).toEqual([{ work_mem: '9MB' }])
    expect(await inside(application(placement), 'select * from note')).toEqual([{ id: 1, text: 'before' }])
    const [copied] = await asSuperuser(
      'select datallowconn as open, oid::text as "databaseId" from pg_database where datname = $1',
      [point.database],
    )
    expect(copied).toEqual({ open: false, databaseId: point.databaseId })
  })

  test('not even the owner role gets into a branch without the admin', async () => {
    const { provider } = fleet()
    const placement = await withNote()
    const point = await provider.createRestorePoint(placement, mark('p1'), nothing)
    const request = { placement, from: { point, mark: mark('p1') }, mark: branchMark() }
    const { placement: branch } = await provider.branch(request)
    const rows = await asSuperuser(
      `select has_database_privilege('fleet_owner', $1, 'connect') as owner,
         exists (select from pg_database d, aclexplode(d.datacl) a where d.datname = $1 and a.grantee = 0) as everybody`,
      [branch.database],
    )
    expect(rows).toEqual([{ owner: false, everybody: false }])
  })
}
