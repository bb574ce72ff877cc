import { OLD, setupWithRows } from './fleet-with-rows.ts'

export const IDS = ['a', 'b', 'c']
export const INDEX = '0003_index'
export const NEW = [...OLD, INDEX]

/** Text of a `down` that sends these statements. */
export const down = (...statements: readonly string[]) =>
  `export async function down(db: any) {\n${statements.map((it) => `await sql\`${it}\`.execute(db)`).join('\n')}\n}`
/** Body of an `up` that sends these statements. */
export const up = (...statements: readonly string[]) =>
  statements.map((it) => `await sql\`${it}\`.execute(db)`).join('\n')

/** Three tenants, one of them a canary, with a row each. */
export async function setupReversible(input: Parameters<typeof setupWithRows>[1] = {}) {
  const test = await setupWithRows({ a: { ring: 'internal' }, b: {}, c: {} }, input)
  const { fleet } = test
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
  return { ...test, insert, hasIndex, known }
}

export const everyone = (history: readonly string[]) => Object.fromEntries(IDS.map((id) => [id, history]))
/** A migration that its `down` takes back without loss. */
export const indexed = (test: Awaited<ReturnType<typeof setupReversible>>) =>
  test.migration(INDEX, up('create index items_price on items (price)'), down('drop index items_price'))
