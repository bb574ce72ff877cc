import { randomBytes } from 'node:crypto'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { advisoryLockKey } from '../../src/postgres/advisory-lock.ts'
import { type Client, closeClient, openClient, withClient } from '../../src/postgres/connect.ts'
import { setup } from '../providers/embedded/setup.ts'
import { runFleet, startFleet } from '../support/fleet-process.ts'

test('a server that dies in the middle of a restore is named, and the restore goes on when it is back', async () => {
  const project = await setup()
  const root = join(project.root, 'project')
  await mkdir(join(root, 'migrations'), { recursive: true })
  await writeFile(join(root, 'package.json'), '{ "type": "module" }')
  await writeFile(join(root, 'fleet.config.ts'), `export default { name: 'outage', provider: { kind: 'embedded' } }\n`)
  await writeFile(
    join(root, 'migrations', '0001_items.ts'),
    "import { sql } from 'kysely'\nexport async function up(db: any) { await sql`create table items (id int)`.execute(db) }\n",
  )
  const it = { root, env: { ...process.env, FLEET_SECRET_KEY: randomBytes(32).toString('base64'), CI: 'true' } }
  const server = await project.use()
  const inTenant = <T>(use: (client: Client) => Promise<T>) =>
    withClient({ ...server.admin, database: 'outage_acme' }, { applicationName: 'test' }, use)
  expect(await runFleet(['tenant', 'create', 'acme'], it)).toMatchObject({ code: 0 })
  await inTenant((client) => client.query('insert into items values (1)'))
  expect(await runFleet(['restore-point', 'create', 'acme'], it)).toMatchObject({ code: 0 })
  await inTenant((client) => client.query('insert into items values (2)'))

  // Who has this lock is making or dropping the tenant's database: the restore waits for it, recorded and not yet done.
  const holder = await openClient(server.admin, { applicationName: 'test' })
  holder.on('error', () => {})
  await holder.query('select pg_advisory_lock($1)', [advisoryLockKey('database outage_acme')])
  const args = ['restore', 'acme', '--yes', '--accept-data-loss']
  const restoring = startFleet(args, it)
  const isRecorded = () =>
    withClient({ ...server.admin, database: 'outage__catalog' }, { applicationName: 'test' }, async (client) => {
      const { rows } = await client.query(`select from fleet.restore_point where state = 'creating'`)
      return rows.length > 0
    })
  while (restoring.child.exitCode === null && !(await isRecorded()));
  process.kill(await project.postmaster(), 'SIGKILL')
  const code = await restoring.ended
  expect(code, restoring.output()).not.toBe(0)
  expect(restoring.output()).toMatch(/Cannot connect to 127\.0\.0\.1:\d+[\s\S]*Check host, port and network/)
  await closeClient(holder).catch(() => {})

  const again = await runFleet(args, it)
  expect(again.code, again.output).toBe(0)
  const back = await project.use()
  const { rows } = await withClient({ ...back.admin, database: 'outage_acme' }, { applicationName: 'test' }, (client) =>
    client.query('select id from items'),
  )
  expect(rows).toEqual([{ id: 1 }])
  const points = await runFleet(['restore-point', 'list', '--output', 'json'], it)
  expect(JSON.parse(points.output).map(({ state }: { state: string }) => state)).toEqual(['ready', 'restored'])
  expect(await runFleet(['sweep'], it)).toMatchObject({ code: 0 })
  await back.release()
  await server.release()
})
