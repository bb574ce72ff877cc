import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { sql } from 'kysely'
import { beforeEach, describe, expect, test } from 'vitest'
import type { FleetInput } from '../../../src/config/define-fleet.ts'
import { withClient } from '../../../src/postgres/connect.ts'
import { runFleet } from '../../support/fleet-process.ts'
import { needsEmulator } from '../../support/neon-emulator/test-emulator.ts'
import { superuser } from '../../support/test-server.ts'
import { type NeonFleet, setupNeonFleet } from './neon-fleet.ts'
import { seeProjects } from './see-projects.ts'

beforeEach(needsEmulator)

type Seed = NonNullable<FleetInput['seed']>

const insert: Seed = async (db) => {
  await sql`insert into items values (1, 10)`.execute(db)
}
const ONE_ROW = [{ id: 1, price: 10 }]

async function expectSeededOnce({ asApplication, emulator }: NeonFleet, id: string): Promise<void> {
  expect((await asApplication(id, (client) => client.query('select * from items'))).rows).toEqual(ONE_ROW)
  await emulator.settled()
  expect((await seeProjects(emulator)).map(({ name }) => name.split('/')[3])).toEqual([id])
}

/** Counts sessions of creations in a database that is being seeded. */
async function countMakers(): Promise<number> {
  const { rows } = await withClient(superuser(), { applicationName: 'test' }, (client) =>
    client.query<{ makers: number }>(`select count(*)::int as makers from pg_stat_activity a
      where a.application_name = 'fleet/create'
        and exists (select from pg_stat_activity s where s.datid = a.datid and s.application_name = 'fleet/seed')`),
  )
  return rows[0]?.makers ?? 0
}

describe('where tenants are not cloned, the seed', () => {
  test('runs once, in whatever order two come that make the same tenant', async () => {
    const reached = Promise.withResolvers<void>()
    const gate = Promise.withResolvers<void>()
    let seeded = 0
    const it = await setupNeonFleet({
      seed: async (db) => {
        seeded += 1
        await insert(db)
        reached.resolve()
        await gate.promise
      },
    })
    const other = await it.open()
    const first = it.create(['a'])
    await reached.promise
    const second = Array.fromAsync(other.tenants.create([{ id: 'a' }])).catch((error: unknown) => error)
    // It is there, and waits for the one that is in the database.
    await expect.poll(countMakers, { timeout: 30_000 }).toBe(2)
    gate.resolve()
    await first
    expect(await second).toMatchObject({ code: 'TENANT_EXISTS' })
    await other.close()
    expect(seeded).toBe(1)
    await expectSeededOnce(it, 'a')
  })

  test('that failed half-way finds nothing of its first try', async () => {
    let fails = true
    const it = await setupNeonFleet({
      seed: async (db) => {
        await insert(db)
        if (fails) throw new Error('no second row')
      },
    })
    await expect(it.create(['a'])).rejects.toMatchObject({ code: 'MIGRATION_FAILED' })
    expect(await it.fleet.tenants.show('a')).toMatchObject({ state: 'failed' })
    fails = false
    await it.create(['a'])
    await expectSeededOnce(it, 'a')
  })

  test('that was killed half-way finds nothing of its first try', async () => {
    const it = await setupNeonFleet({ seed: insert })
    const { root, env } = it
    const config = await readFile(join(root, 'fleet.config.ts'), 'utf8')
    await writeFile(
      join(root, 'seed.config.ts'),
      `import { sql } from 'kysely'\n${config.replace('export default', 'const config =')}
export default { ...config, seed: async (db) => {
  await sql\`insert into items values (1, 10)\`.execute(db)
  if (process.env.DIES) process.kill(process.pid, 'SIGKILL')
} }`,
    )
    const args = ['tenant', 'create', 'a', '--config', 'seed.config.ts']
    const killed = await runFleet(args, { root, env: { ...env, DIES: 'yes' } })
    expect(killed.code, killed.output).toBe('SIGKILL')
    const again = await runFleet(args, { root, env })
    expect(again.code, again.output).toBe(0)
    await expectSeededOnce(it, 'a')
  })
})
