import { onTestFinished } from 'vitest'
import { closeClient, openClient } from '../../src/postgres/connect.ts'
import { parseConnectionString } from '../../src/postgres/connection-string.ts'
import { setupFleet } from '../support/fleet.ts'

export const IDS = ['a', 'b', 'c']
export const COLOR = 'await sql`alter table items add column color text; select pg_sleep(0.3)`.execute(db)'
export const UNIQUE = 'await sql`create unique index items_price on items (price)`.execute(db)'
export const CONTENT = `select md5(string_agg(items::text, ',' order by id)) as items,
  (select json_agg(k order by name) from kysely_migration k)::text as history from items`

/** A fleet of three with a pending migration, 1000 rows each, restore points, and one tenant that a unique index would not fit. */
export async function setup({ points = IDS }: { readonly points?: readonly string[] } = {}) {
  const test = await setupFleet()
  const { fleet, inTenant, inCatalog, name } = test
  await test.create(IDS)
  for (const id of IDS)
    await inTenant(id, (client) => client.query('insert into items select n, n from generate_series(1, 1000) n'))
  // What a unique index does not bear.
  await inTenant('b', (client) => client.query('update items set price = 7 where id = 8'))
  for (const id of points) await fleet.restorePoints.create(id)
  await test.migration('0003_color', COLOR)
  const databases = async () => {
    const { rows } = await inCatalog((client) =>
      client.query('select datname from pg_database where starts_with(datname, $1) order by 1', [`${name}_`]),
    )
    return rows.map(({ datname }) => datname.slice(name.length)).filter((it) => !/^__(scratch|template)/.test(it))
  }
  const contents = () =>
    Promise.all(IDS.map(async (id) => (await inTenant(id, (client) => client.query(CONTENT))).rows[0]))
  const session = async (id: string) => {
    const url = parseConnectionString(await fleet.tenants.url(id, { reveal: true }))
    const client = await openClient(url, { applicationName: 'application' })
    onTestFinished(() => closeClient(client))
    return client
  }
  return { ...test, databases, contents, session }
}
