import { describe, expect, test } from 'vitest'
import { runFleet } from '../support/fleet-process.ts'
import { OLD } from './fleet-with-rows.ts'
import { down, everyone, IDS, INDEX, indexed, NEW, setupReversible, up } from './reversible-fleet.ts'

describe('undo that prefers down', () => {
  test('takes back what is reversible without a restore point, and rows that were written since stay', async () => {
    const test = await setupReversible()
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

  test('takes each tenant by its own way: by down where all that it has to take back can, else by its restore point', async () => {
    const { fleet, rollOut, insert, items, histories, migration, root, env } = await setupReversible()
    await migration(
      '0003_note',
      up('alter table items add column note text'),
      down('alter table items drop column note'),
    )
    await rollOut({ scope: { tenants: ['c'] } })
    await migration('0004_index', up('create index items_price on items (price)'), down('drop index items_price'))
    const { id } = await rollOut({ takeRestorePoints: 'always' })
    await insert('c')
    const shown = await runFleet(['rollout', 'undo', id, '--prefer', 'down', '--dry-run'], { root, env })
    expect(shown.output.replace(/digest \w+/, 'digest …').replaceAll(id, 'r…')).toMatchInlineSnapshot(`
      " Undo of r…  digest …

         2 tenants return to what they had before. Their sessions are ended while that
         is done; what is there now is kept.
         1 tenant goes back by \`down\`, which loses nothing: 0004_index. What was
         written since stays.
         0003_note is not taken back by \`down\`: its \`down\` may lose something: The
         values of \`items.note\` are gone, and every index that contains it.

         wave      tenants  at once  failures allowed
         canary          1  1        0
         everyone        2  2        3

         Where rows were written since, or nobody can tell, the tenant fails and stays
         as it is. To take those back all the same: --accept-data-loss.

         Withdrawn until their files are others: 0003_note, 0004_index.
         New tenants get 0002_price from now on, no more 0004_index.
      "
    `)
    expect(await fleet.rollouts.undo(id, { prefer: 'down' })).toMatchObject({ status: { outcome: 'succeeded' } })
    expect(await histories(IDS)).toEqual({ ...everyone(OLD), c: [...OLD, '0003_note'] })
    expect(await items('c')).toEqual([
      { id: 1, price: 10, note: null },
      { id: 2, price: 20, note: null },
    ])
    const restored = (await fleet.restorePoints.list()).filter(({ state }) => state === 'restored')
    expect(restored.map(({ tenantId }) => tenantId).toSorted()).toEqual(['a', 'b'])
  })

  test('a tenant in which the down fails keeps its rows and is not restored, unless that is asked for', async () => {
    const { fleet, rollOut, items, histories, migration, inTenant } = await setupReversible()
    const nullable = (verb: 'set' | 'drop') => `alter table items alter column price ${verb} not null`
    await migration('0003_required', up(nullable('set')), down(nullable('drop')))
    await rollOut()
    await migration('0004_optional', up(nullable('drop')), down(nullable('set')))
    const { id } = await rollOut({ takeRestorePoints: 'always' })
    await inTenant('b', (client) => client.query('insert into items values (2, null)'))
    const undone = await fleet.rollouts.undo(id, { prefer: 'down' })
    expect(undone).toMatchObject({
      status: {
        outcome: 'degraded',
        failures: [{ example: 'b', count: 1, migration: '0004_optional', sqlstate: '23502' }],
      },
    })
    const before = [...OLD, '0003_required']
    expect(await histories(IDS)).toEqual({ ...everyone(before), b: [...before, '0004_optional'] })
    expect(await items('b')).toHaveLength(2)
    await fleet.rollouts.undo(id, { acceptDataLoss: true })
    expect(await histories(IDS)).toEqual(everyone(before))
    expect(await items('b')).toEqual([{ id: 1, price: 10 }])
  })

  test('strands whoever would lose something by the down and has no restore point', async () => {
    const { fleet, rollOut, histories, migration } = await setupReversible()
    await migration(
      '0003_note',
      up('alter table items add column note text'),
      down('alter table items drop column note'),
    )
    const { id } = await rollOut()
    expect(await fleet.rollouts.undo(id, { prefer: 'down' })).toMatchObject({
      status: {
        outcome: 'degraded',
        plan: {
          tenants: 0,
          undo: {
            stranded: 3,
            byDown: 0,
            down: { routes: [], migrations: [], refusals: [{ migration: '0003_note' }] },
          },
        },
      },
    })
    expect(await histories(IDS)).toEqual(everyone([...OLD, '0003_note']))
  })

  test('says of each migration why its down is not used', async () => {
    const { fleet, rollOut, migration } = await setupReversible()
    const why = async (body: string, more: string, { edited = false } = {}) => {
      await migration('0003_one', body, more)
      const { id } = await rollOut({ scope: { tenants: ['a'] }, takeRestorePoints: 'always' })
      if (edited) await migration('0003_one', `${body} // with care`, more)
      const { undo } = await fleet.rollouts.planUndo(id, { prefer: 'down' })
      await migration('0003_one', body, more)
      await fleet.rollouts.undo(id, { acceptDataLoss: true })
      expect(undo).toMatchObject({ byDown: 0, down: { routes: [], migrations: [] } })
      return undo?.down?.refusals.map(({ migration: name, why }) => `${name}: ${why}`)
    }
    const index = up('create index items_price on items (price)')
    expect(await why(index, '')).toEqual(['0003_one: it has no `down`'])
    expect(await why(`${index}//1`, down('drop index items_price'), { edited: true })).toEqual([
      '0003_one: its file is not the one that was applied',
    ])
    expect(
      await why(`${index}//2`, `${down('drop index items_price')}\nexport const config = { transaction: false }`),
    ).toEqual(['0003_one: it runs outside a transaction'])
    const dynamic = `export async function down(db: any) {
      const { rows } = await sql\`select count(*) from items\`.execute(db)
      if (rows[0].count > 0) await sql\`drop index items_price\`.execute(db)
    }`
    expect(await why(`${index}//3`, dynamic)).toEqual([
      expect.stringMatching(/^0003_one: its `down` cannot be recorded: /),
    ])
    expect(await why(`${index}//4`, down('drop index items_prize'))).toEqual([
      expect.stringMatching(/^0003_one: its `down` may lose something: It failed when traced/),
    ])
    expect(await why(`${index}//5`, down('drop indecks items_price'))).toEqual([
      expect.stringMatching(/^0003_one: its `down` could not be tried: .* does not parse/),
    ])
    expect(await why(`${index}//6`, down('drop index concurrently items_price'))).toEqual([
      expect.stringMatching(/^0003_one: its `down` cannot run: /),
    ])
    expect(
      await why(up('alter table items drop column price'), down('alter table items add column price int')),
    ).toEqual([expect.stringMatching(/^0003_one: only a restore brings back what it may have lost: /)])
    // Waived is not harmless.
    expect(
      await why(
        up('create table notes (note text)'),
        `${down('drop table notes')}\nexport const config = { allow: { 'drop-table': 'it is ours' } }`,
      ),
    ).toEqual([expect.stringMatching(/^0003_one: its `down` may lose something: /)])
  })

  test('takes back nothing below a migration that has stopped half-way outside a transaction', async () => {
    const test = await setupReversible()
    const { fleet, rollOut, histories, migration, inTenant, hasIndex } = test
    await indexed(test)
    const { id } = await rollOut()
    await migration(
      '0004_slow',
      `${up('create index concurrently items_id on items (id)')}
       await sql\`select 1 / (select count(*) from items where id = 1)\`.execute(db)`,
      'export const config = { transaction: false }',
    )
    await inTenant('b', (client) => client.query('update items set id = 7'))
    await rollOut({ scope: { tenants: ['b'] } })
    expect(await fleet.rollouts.undo(id, { prefer: 'down' })).toMatchObject({
      status: {
        outcome: 'degraded',
        failures: [{ example: 'b', count: 1, message: expect.stringContaining('stopped half-way') }],
      },
    })
    expect(await histories(IDS)).toEqual({ ...everyone(OLD), b: NEW })
    expect(await hasIndex('b')).toBe(true)
  })

  test('undone itself, tells that only a rollout brings the tenants forward, and lets it', async () => {
    const test = await setupReversible()
    const { fleet, rollOut, histories, hasIndex } = test
    await indexed(test)
    const { id } = await rollOut()
    const first = await fleet.rollouts.undo(id, { prefer: 'down' })
    expect(await fleet.rollouts.plan()).toMatchObject({ tenants: 0, withdrawn: [INDEX] })
    const undo = first.kind === 'nothing-to-do' ? '' : first.status.id
    expect(await fleet.rollouts.planUndo(undo, { prefer: 'down' })).toMatchObject({
      undo: { stranded: 3, readmits: [INDEX], down: { routes: [], refusals: [{ migration: INDEX }] } },
    })
    await fleet.rollouts.undo(undo)
    expect(await histories(IDS)).toEqual(everyone(OLD))
    await rollOut()
    expect(await histories(IDS)).toEqual(everyone(NEW))
    expect(await hasIndex('c')).toBe(true)
  })

  test('sends what was planned, or nothing', async () => {
    const test = await setupReversible()
    const { rollOut, histories, migration, root, env } = test
    await indexed(test)
    const { id } = await rollOut()
    const args = ['rollout', 'undo', id, '--yes', '--prefer', 'down']
    await runFleet(args, { root, env: { ...env, FLEET_FAILPOINT: 'rollout.started' } })
    await migration(INDEX, up('create index items_price on items (price)'), down('drop table items'))
    const refused = await runFleet(args, { root, env })
    expect(refused.output).toContain('Sends other SQL than when the rollout was planned: migrations/0003_index.ts')
    expect(await histories(IDS)).toEqual(everyone(NEW))
    await indexed(test)
    expect(await runFleet(args, { root, env })).toMatchObject({ code: 0 })
    expect(await histories(IDS)).toEqual(everyone(OLD))
  })
})
