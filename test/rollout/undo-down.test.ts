import { describe, expect, test } from 'vitest'
import { setupFleet } from '../support/fleet.ts'

const IDS = ['a', 'b', 'c']
const OLD = ['0001_items', '0002_price']
const INDEX = '0003_index'
const NEW = [...OLD, INDEX]

const down = (...statements: readonly string[]) =>
  `export async function down(db: any) {\n${statements.map((it) => `await sql\`${it}\`.execute(db)`).join('\n')}\n}`
const up = (...statements: readonly string[]) => statements.map((it) => `await sql\`${it}\`.execute(db)`).join('\n')

/** Three tenants, one of them a canary, with a row each. */
async function setup(input: Parameters<typeof setupFleet>[0] = {}) {
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

const everyone = (history: readonly string[]) => Object.fromEntries(IDS.map((id) => [id, history]))
const indexed = (test: Awaited<ReturnType<typeof setup>>) =>
  test.migration(INDEX, up('create index items_price on items (price)'), down('drop index items_price'))

describe('undo that prefers down', () => {
  test('takes back what is reversible without a restore point, and rows that were written since stay', async () => {
    const test = await setup()
    const { fleet, rollOut, insert, items, histories, hasIndex, known } = test
    await indexed(test)
    const { id } = await rollOut()
    await insert('b')
    expect(await hasIndex('b')).toBe(true)
    expect(await fleet.rollouts.planUndo(id)).toMatchObject({
      tenants: 0,
      undo: { stranded: 3, down: null, byDown: 0 },
    })
    const plan = await fleet.rollouts.planUndo(id, { prefer: 'down' })
    expect(plan).toMatchObject({
      tenants: 3,
      undo: {
        stranded: 0,
        byDown: 3,
        down: {
          routes: [{ from: OLD, history: NEW }],
          migrations: [{ name: INDEX, file: 'migrations/0003_index.ts' }],
          refusals: [],
        },
      },
    })
    const undone = await fleet.rollouts.undo(id, { prefer: 'down', digest: plan.digest })
    expect(undone).toMatchObject({ status: { state: 'completed', outcome: 'succeeded', direction: 'back' } })
    expect(await histories(IDS)).toEqual(everyone(OLD))
    expect(await known()).toEqual(everyone(OLD))
    expect(await items('b')).toEqual([
      { id: 1, price: 10 },
      { id: 2, price: 20 },
    ])
    expect(await hasIndex('b')).toBe(false)
    expect(await fleet.restorePoints.list()).toEqual([])
    expect(await fleet.rollouts.undo(id, { prefer: 'down' })).toMatchObject({ kind: 'nothing-to-do' })
  })
})
