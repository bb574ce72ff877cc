import { rm } from 'node:fs/promises'
import { describe, expect, test } from 'vitest'
import { FIRST, SECOND, setupFleet } from '../support/fleet.ts'

describe('a plan', () => {
  test('refuses a file that was edited after tenants applied it, until it is accepted', async () => {
    const { fleet, create, migration } = await setupFleet()
    await create(['a', 'b'])
    await migration(SECOND, 'await sql`alter table items add column price bigint`.execute(db)')
    await expect(fleet.rollouts.plan()).rejects.toMatchObject({
      code: 'MIGRATIONS_DIFFER',
      message: `migrations/${SECOND}.ts was changed after 2 tenants applied it.`,
      remedy: expect.stringContaining(`fleet migrate accept ${SECOND}`),
    })
    expect(await fleet.migrations.list()).toMatchObject([{ state: 'applied' }, { state: 'edited' }])
    await fleet.migrations.accept(SECOND)
    expect(await fleet.rollouts.plan()).toMatchObject({ tenants: 0 })
  })

  test('refuses a missing file and one out of order, and says how many tenants have it', async () => {
    const { fleet, create, migration, root } = await setupFleet()
    await create(['a', 'b', 'c'])
    await migration('0001_before', 'await sql`select 1`.execute(db)')
    await expect(fleet.rollouts.plan()).rejects.toMatchObject({
      code: 'MIGRATIONS_DIFFER',
      message: `migrations/0001_before.ts sorts before ${FIRST}, which 3 tenants applied without it.`,
    })
    await rm(`${root}/migrations/0001_before.ts`)
    await rm(`${root}/migrations/${SECOND}.ts`)
    await expect(fleet.rollouts.plan()).rejects.toThrow(
      `${SECOND} was applied by 3 tenants, and there is no file for it.`,
    )
  })

  test('refuses a wave that matches nobody, unless it is optional', async () => {
    const waves = [{ name: 'canary', match: { ring: 'intrenal' } }, { name: 'rest' }]
    const { fleet, create, migration } = await setupFleet({ rollout: { waves } })
    await create({ a: { ring: 'internal' } })
    await migration('0003_more', 'await sql`create table more ()`.execute(db)')
    await expect(fleet.rollouts.plan()).rejects.toThrow(
      'Wave "canary" matches no tenant that an earlier wave leaves: ring=intrenal. Tags in use: ring=internal (1).',
    )
  })

  test('is the same, however often one process makes it', async () => {
    const { fleet, create, migration } = await setupFleet()
    await create(['a'])
    await migration('0003_more', 'await sql`create table more ()`.execute(db)')
    const { digest } = await fleet.rollouts.plan()
    // Statements are prepared, and from their sixth use on planned for any parameters.
    for (let times = 0; times < 40; times += 1) expect(await fleet.rollouts.plan()).toMatchObject({ digest })
  })

  test('keeps its digest when tenants come and go, and changes it with files, policy, scope and versions', async () => {
    const { fleet, create, migration } = await setupFleet()
    await create(['a', 'b'])
    await migration('0003_more', 'await sql`create table more ()`.execute(db)')
    const { digest } = await fleet.rollouts.plan()
    await create(['c'])
    await fleet.rollouts.plan()
    await fleet.tenants.delete(['b'])
    // c got the newest version, as nothing was released yet.
    expect((await fleet.rollouts.plan()).digest).toBe(digest)
    const others = await Promise.all([
      fleet.rollouts.plan({ concurrency: 3 }),
      fleet.rollouts.plan({ maxFailures: 3 }),
      fleet.rollouts.plan({ scope: { tenants: ['a'] } }),
    ])
    expect(new Set([digest, ...others.map((it) => it.digest)]).size).toBe(4)
    await migration('0003_more', 'await sql`create table more2 ()`.execute(db)').then(() => {})
    await fleet.tenants.delete(['c'])
    expect((await fleet.rollouts.plan()).digest).not.toBe(digest)
  })

  test('that was looked at is refused when tags changed since; who came since is a joiner', async () => {
    const { fleet, create, migration, histories } = await setupFleet()
    await fleet.rollouts.start()
    await create(['a', 'b'])
    await migration('0003_more', 'await sql`create table more ()`.execute(db)')
    const { digest } = await fleet.rollouts.plan()
    await fleet.tenants.tag(['a'], { ring: 'x' })
    await expect(fleet.rollouts.start({ digest })).rejects.toMatchObject({
      code: 'PLAN_CHANGED',
      message: expect.stringContaining('versions, tags, files or policy have changed'),
    })
    // Another look, at other waves, is another digest: the old one stays refused whoever plans anew.
    const { digest: second } = await fleet.rollouts.plan()
    expect(second).not.toBe(digest)
    await expect(fleet.rollouts.start({ digest })).rejects.toMatchObject({ code: 'PLAN_CHANGED' })
    await create(['c'])
    const result = await fleet.rollouts.start({ digest: second })
    expect(result).toMatchObject({
      status: { state: 'completed', waves: [{ name: 'everyone' }, { name: 'joiners', counts: { succeeded: 1 } }] },
    })
    expect(await histories(['c'])).toEqual({ c: [FIRST, SECOND, '0003_more'] })
    for (const bad of ['', 'abc', 'not-hex-at-all'])
      await expect(fleet.rollouts.start({ digest: bad })).rejects.toMatchObject({ code: 'USAGE' })
    await expect(fleet.rollouts.start({ digest: 'abcdef123456' })).rejects.toMatchObject({ code: 'PLAN_CHANGED' })
  })
})
