import { setupFleet } from '../support/fleet.ts'

export const IDS = ['a', 'b', 'c']
export const OLD = ['0001_items', '0002_price']
export const INDEX = '0003_index'
export const NEW = [...OLD, INDEX]

/** Text of a `down` that sends these statements. */
export const down = (...statements: readonly string[]) =>
  `export async function down(db: any) {\n${statements.map((it) => `await sql\`${it}\`.execute(db)`).join('\n')}\n}`
/** Body of an `up` that sends these statements. */
export const up = (...statements: readonly string[]) =>
  statements.map((it) => `await sql\`${it}\`.execute(db)`).join('\n')

/** Three tenants, one of them a canary, with a row each. */
export async function setupReversible(input: Parameters<typeof setupFleet>[0] = {}) {
  const test = await setupFleet({
    rollout: {
      waves: [
        { name: 'canary', match: { ring: 'internal' } },
        { name: 'everyone', maxFailures: 3 },
      ],
    },
    ...input,
  })
  const { fleet } = test
  await test.create({ a: { ring: 'internal' }, b: {}, c: {} })
  for (const id of IDS) await test.inTenant(id, (client) => client.query('insert into items values (1, 10)'))
  await fleet.rollouts.start()
  const items = async (id: string) =>
    (
      await test.inTenant(id, (client) => client.query('select to_jsonb(items) as item from items order by id'))
    ).rows.map(({ item }) => item)
  const rollOut = async (options: Parameters<typeof fleet.rollouts.start>[0] = {}) => {
    const result = await fleet.rollouts.start(options)
    if (result.kind === 'nothing-to-do') throw new Error('there was nothing to roll out')
    return result.status
  }
  const insert = (id: string) => test.inTenant(id, (client) => client.query('insert into items values (2, 20)'))
  const hasIndex = (id: string) =>
    test
      .inTenant(id, (client) => client.query(`select to_regclass('items_price') is not null as there`))
      .then(({ rows }) => rows[0]?.there)
  /** Histories as the catalog has them. */
  const known = async () => {
    const tenants = await Array.fromAsync(fleet.tenants.list())
    return Object.fromEntries(tenants.map((it) => [it.id, it.history]))
  }
  return { ...test, items, rollOut, insert, hasIndex, known }
}

export const everyone = (history: readonly string[]) => Object.fromEntries(IDS.map((id) => [id, history]))
/** A migration that its `down` takes back without loss. */
export const indexed = (test: Awaited<ReturnType<typeof setupReversible>>) =>
  test.migration(INDEX, up('create index items_price on items (price)'), down('drop index items_price'))
