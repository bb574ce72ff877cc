import { describe, expect, test } from 'vitest'
import { setupFleet } from '../support/fleet.ts'

const UNIQUE = 'await sql`create unique index items_price on items (price)`.execute(db)'

async function setup() {
  const test = await setupFleet()
  await test.create(['a', 'b', 'c'])
  for (const id of ['a', 'b', 'c'])
    await test.inTenant(id, (client) => client.query('insert into items select n, n from generate_series(1, 1000) n'))
  await test.inTenant('b', (client) => client.query('update items set price = 7 where id = 8'))
  await test.migration(
    '0003_color',
    'await sql`alter table items add column color text; select pg_sleep(0.2)`.execute(db)',
  )
  const databases = async () => {
    const { rows } = await test.inCatalog((client) =>
      client.query('select datname from pg_database where starts_with(datname, $1) order by 1', [`${test.name}_`]),
    )
    return rows.map(({ datname }) => datname.slice(test.name.length))
  }
  return { ...test, databases }
}

describe('a rehearsal', () => {
  test('runs', async () => {
    const { fleet, migration, databases } = await setup()
    for (const id of ['a', 'b', 'c']) await fleet.restorePoints.create(id)
    await migration('0004_unique', UNIQUE)
    const before = await databases()
    const { rehearsal } = await fleet.rollouts.rehearse({ tenants: 5 })
    expect(rehearsal).toMatchObject({ state: 'failed' })
    expect(await databases()).toEqual(before)
    await expect(fleet.rollouts.start()).rejects.toMatchObject({ code: 'REHEARSAL_FAILED' })
  })
})
