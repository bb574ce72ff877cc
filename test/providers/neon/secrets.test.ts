import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { beforeEach, describe, expect, test } from 'vitest'
import { parseConnectionString } from '../../../src/postgres/connection-string.ts'
import { quoteIdentifier } from '../../../src/postgres/identifiers.ts'
import { runFleet } from '../../support/fleet-process.ts'
import type { CallFault } from '../../support/neon-emulator/faults.ts'
import { needsEmulator } from '../../support/neon-emulator/test-emulator.ts'
import { type NeonFleet, setupNeonFleet } from './neon-fleet.ts'

beforeEach(needsEmulator)

const DROP = 'await sql`alter table items drop column price`.execute(db)'

/** All that the catalog holds, as text. */
async function catalogOf({ inCatalog }: NeonFleet): Promise<string> {
  return inCatalog(async (client) => {
    const { rows: tables } = await client.query<{ name: string }>(
      `select tablename as name from pg_tables where schemaname = 'fleet' order by 1`,
    )
    const texts: string[] = []
    for (const { name } of tables) {
      const { rows } = await client.query(`select t::text as row from fleet.${quoteIdentifier(name)} t`)
      texts.push(...rows.map(({ row }) => String(row)))
    }
    return texts.join('\n')
  })
}

/** The key, and the passwords of the owners of tenants, in clear. */
async function secretsOf({ emulator }: NeonFleet): Promise<string[]> {
  const { data } = await emulator.client.listProjects({ limit: 400 })
  const uris = await Promise.all(
    data.projects.map(async ({ id }) => {
      const { data: roles } = await emulator.client.listProjectBranchDatabases(
        id,
        (await emulator.client.listProjectBranches({ projectId: id })).data.branches.find((it) => it.default)?.id ?? '',
      )
      const [database] = roles.databases
      const query = { projectId: id, database_name: database?.name ?? '', role_name: database?.owner_name ?? '' }
      return (await emulator.client.getConnectionUri(query)).data.uri
    }),
  )
  return [
    emulator.apiKey,
    ...uris.map((uri) => parseConnectionString(uri.replace(/\?.*$/, '')).password?.reveal() ?? ''),
  ]
}

describe('the API key and the passwords of owners', () => {
  test('are in no event, and not in the catalog, whatever a tenant has gone through', async () => {
    const it = await setupNeonFleet()
    const { fleet, create, migration, events, asApplication } = it
    await create(['a'])
    await asApplication('a', (client) => client.query('insert into items values (1, 10)'))
    await migration('0003_drop', DROP)
    it.emulator.faults.next({ call: 'createProjectBranch', fault: 'loseResponse' })
    const started = await fleet.rollouts.start()
    if (started.kind !== 'rested') throw new Error('It did not rest.')
    await fleet.rollouts.undo(started.status.id, { acceptDataLoss: true })
    const wanted = await secretsOf(it)
    expect(wanted).toHaveLength(2)
    const catalog = await catalogOf(it)
    expect(catalog).toContain('fleet/undo/')
    for (const secret of wanted) {
      expect(secret.length).toBeGreaterThan(8)
      expect(catalog).not.toContain(secret)
      expect(JSON.stringify(events)).not.toContain(secret)
    }
    await fleet.tenants.delete(['a'])
  })

  test('are in no output of the program, with --debug and as JSON, whatever Neon answers', async () => {
    const it = await setupNeonFleet()
    const { root, env, emulator } = it
    await it.create(['a'])
    const [, password = ''] = await secretsOf(it)
    const wrong = 'napi_of_nobody_0123456789'
    const config = await readFile(join(root, 'fleet.config.ts'), 'utf8')
    await writeFile(join(root, 'wrong.config.ts'), config.replaceAll(emulator.apiKey, wrong))
    const cases: readonly (readonly [args: string[], fault?: { call: string; fault: CallFault }])[] = [
      [['doctor', '--config', 'wrong.config.ts', '--debug']],
      [['tenant', 'create', 'b', '--config', 'wrong.config.ts', '--debug']],
      [['tenant', 'create', 'c', '--config', 'wrong.config.ts', '--output', 'json']],
      // Refused by Neon itself, so that its answer is the cause that --debug shows.
      [['restore-point', 'create', 'a', '--debug'], { call: 'createProjectBranch', fault: 'notFound' }],
      [['tenant', 'url', 'a', '--debug']],
      [['tenant', 'show', 'a', '--output', 'json', '--debug']],
      [['doctor', '--debug']],
    ]
    for (const [args, fault] of cases) {
      if (fault) emulator.faults.next(fault)
      const { code, output } = await runFleet(args, { root, env })
      expect(output.length, args.join(' ')).toBeGreaterThan(0)
      expect(typeof code, output).toBe('number')
      for (const secret of [wrong, emulator.apiKey, password])
        expect(output.includes(secret), `${args.join(' ')} prints a secret`).toBe(false)
      if (args.includes('wrong.config.ts') && !args.includes('doctor'))
        expect(output, args.join(' ')).toMatch(/SERVICE_KEY_REFUSED|does not accept|credentials/)
    }
    const catalog = await catalogOf(it)
    for (const secret of [wrong, emulator.apiKey, password]) expect(catalog).not.toContain(secret)
    // What a wrong key could not make is made, or given up, with the right one.
    await it.create(['b'])
    await it.fleet.tenants.delete(['a', 'b', 'c'])
    expect((await emulator.client.listProjects({ limit: 400 })).data.projects).toEqual([])
  })
})
