import { type Client, withClient } from '../../../src/postgres/connect.ts'
import type { NeonAccountForTest } from './neon-account-for-test.ts'
import type { Recipe } from './recipes.ts'

/*
 * Recipes that are the same for tenants that are projects and for those that are branches, but for what they do at Neon.
 */

export const READ = 'select text from note order by text'
const NOTHING = { observe: async () => {}, prove: async () => {} }

/** Makes a tenant with a restore point between its two rows. */
export async function withPoint({ tenant, asApplication, provider, mark }: NeonAccountForTest, id: string) {
  const placement = await tenant(id)
  await asApplication(placement, `insert into note values ('before')`)
  const pointMark = mark('restore-point', `p-${id}`)
  const point = await provider.createRestorePoint(placement, pointMark, NOTHING)
  await asApplication(placement, `insert into note values ('after')`)
  return { placement, point, pointMark }
}

export const restorePoint: Recipe = async ({ tenant, asApplication, provider, mark }, id, begin) => {
  const placement = await tenant(id)
  await asApplication(placement, `insert into note values ('before')`)
  let looks = 0
  const observe = async (client: Client) => {
    looks += 1
    await client.query(READ)
  }
  begin()
  const point = await provider.createRestorePoint(placement, mark('restore-point', `p-${id}`), { ...NOTHING, observe })
  return { ...point, database: null, databaseId: null, bytes: null, copying: null, looks }
}

export const look: Recipe = async (account, id, begin) => {
  const { provider, asApplication } = account
  const { placement, point, pointMark } = await withPoint(account, id)
  const seen: unknown[] = []
  begin()
  await provider.lookIntoRestorePoint(point, pointMark, async (to) => {
    seen.push(await withClient(to, { applicationName: 'test' }, async (client) => (await client.query(READ)).rows))
  })
  return { seen, rows: await asApplication(placement, READ) }
}

export const rehearse: Recipe = async (account, id, begin) => {
  const { provider, inTenant, mark } = account
  const { placement, point, pointMark } = await withPoint(account, id)
  begin()
  const branch = await provider.branch({
    placement,
    from: { point, mark: pointMark },
    mark: mark('rehearsal', `r-${id}`),
  })
  await inTenant(branch.placement, `insert into note values ('rehearsed')`)
  return { branch: await inTenant(branch.placement, READ), tenant: await inTenant(placement, READ) }
}

export const release: Recipe = async (account, id, begin) => {
  const { placement, point, pointMark } = await withPoint(account, id)
  begin()
  await account.provider.releaseRestorePoint(point, pointMark)
  return account.inTenant(placement, READ)
}

export const deleteRehearsal: Recipe = async (account, id, begin) => {
  const { provider, mark, inTenant } = account
  const { placement, point, pointMark } = await withPoint(account, id)
  const rehearsalMark = mark('rehearsal', `r-${id}`)
  const branch = await provider.branch({ placement, from: { point, mark: pointMark }, mark: rehearsalMark })
  begin()
  await provider.deleteBranch(branch.placement, rehearsalMark)
  return inTenant(placement, READ)
}

export const remove: Recipe = async (account, id, begin) => {
  const { placement } = await withPoint(account, id)
  begin()
  await account.provider.deleteDatabase(placement, account.mark('tenant', id))
  return null
}
