import { randomBytes } from 'node:crypto'
import { access, mkdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Kysely, PostgresDialect } from 'kysely'
import { Migrator } from 'kysely/migration'
import { expect, inject, onTestFinished, test, vi } from 'vitest'
import { loadMigrations } from '../../src/migrations/load-migrations.ts'
import type { ConnectionDescriptor } from '../../src/model/connection.ts'
import { Secret } from '../../src/model/secret.ts'
import { openPool, withClient } from '../../src/postgres/connect.ts'
import { formatConnectionString } from '../../src/postgres/connection-string.ts'
import { quoteIdentifier, quoteLiteral } from '../../src/postgres/identifiers.ts'
import { useEmbeddedServer } from '../../src/providers/embedded/embedded-server.ts'
import { FIRST, SECOND, setupFleet, type TestFleet } from '../support/fleet.ts'
import { createLimitedAdmin } from '../support/limited-admin.ts'
import { createTestDatabase, superuser, uniqueName } from '../support/test-server.ts'

// Each starts an embedded server, twice.
vi.setConfig({ testTimeout: 300_000 })

/** Who may make no database may make no restore point either. */
const UNTAKEN = { takeRestorePoints: 'never' } as const

const THIRD = '0003_look'
const FOURTH = '0004_drop'

async function ask(statement: string, values: readonly unknown[] = []): Promise<unknown[]> {
  return withClient(superuser(), { applicationName: 'test' }, async (client) => {
    const { rows } = await client.query({ text: statement, values: [...values], rowMode: 'array' })
    return rows.flat()
  })
}

/** A dynamic migration that tells where it is run, and one whose loss only a trace, or a rule, can know. */
async function twoMore({ migration }: TestFleet): Promise<void> {
  await migration(
    THIRD,
    `const { rows } = await sql\`select current_database() as database\`.execute(db)
    if (rows[0] !== undefined) await sql\`select 1\`.execute(db)
    globalThis.ranIn?.push(rows[0]?.database)`,
  )
  await migration(FOURTH, `await sql\`alter table items drop column price\`.execute(db)`)
}

/** Returns in which databases the dynamic migration was run meanwhile, by this process. */
async function databasesOf<T>(act: () => Promise<T>): Promise<{ result: T; databases: unknown[] }> {
  const databases: unknown[] = []
  Reflect.set(globalThis, 'ranIn', databases)
  try {
    return { result: await act(), databases }
  } finally {
    Reflect.deleteProperty(globalThis, 'ranIn')
  }
}

/** Nothing to try things on is left, neither on the tenants' server nor on the embedded one, which is stopped. */
async function expectNoScratch({ name, root }: TestFleet): Promise<void> {
  const left = `select datname from pg_database where datname like $1 union select rolname from pg_roles where rolname like $1`
  expect(await ask(left, [`${name}\\_\\_scratch%`])).toEqual([])
  const server = await useEmbeddedServer({ directory: join(root, '.fleet') })
  try {
    expect(server.started).toBe(true)
    const { rows } = await withClient(server.admin, { applicationName: 'test' }, (client) =>
      client.query(`select datname from pg_database where datname not in ('postgres', 'template0', 'template1')
        union select rolname from pg_roles where rolname like 'lint%'`),
    )
    expect(rows).toEqual([{ datname: expect.stringMatching(/^lint__template_/) }])
  } finally {
    await server.release()
  }
}

/** A fleet whose admin made two tenants and was then taken the right to make databases. */
async function demoted(): Promise<TestFleet & { promote(): Promise<unknown> }> {
  const limited = await createLimitedAdmin(inject('superuserUrl'))
  onTestFinished(() => limited.drop())
  const made = await setupFleet({ provider: { kind: 'postgres', url: limited.url } })
  await made.create(['a', 'b'])
  const role = quoteIdentifier(decodeURIComponent(new URL(limited.url).username))
  await ask(`alter role ${role} nocreatedb`)
  await twoMore(made)
  return { ...made, promote: () => ask(`alter role ${role} createdb`) }
}

const TRACED = { kind: 'static', notTraced: null, tracedOn: expect.stringMatching(/^PostgreSQL \d+\.\d/) }

test('a plan is traced on the embedded server when the admin may make databases no more', async () => {
  const made = await demoted()
  const { result: plan, databases } = await databasesOf(() => made.fleet.rollouts.plan(UNTAKEN))
  expect(plan.migrations).toMatchObject([
    { name: THIRD, assessment: { kind: 'dynamic' } },
    {
      name: FOURTH,
      assessment: { ...TRACED, findings: [{ rule: 'drop-column', lock: 'ACCESS EXCLUSIVE', source: 'trace' }] },
    },
  ])
  expect(databases).toEqual([expect.stringMatching(/^lint__scratch_/)])
  await expectNoScratch(made)
  // It was traced to its end: the catalog has it, and nothing is started again.
  const again = await databasesOf(() => made.fleet.rollouts.plan(UNTAKEN))
  expect(again).toMatchObject({ databases: [], result: { digest: plan.digest } })
  // Tenants are migrated, for which no database is made.
  expect(await made.fleet.rollouts.start({ ...UNTAKEN, digest: plan.digest })).toMatchObject({
    status: { state: 'completed', outcome: 'succeeded' },
  })
})

test('where there is no embedded server either, that is said, and looked for again', async () => {
  const made = await demoted()
  const { root, fleet, promote, name } = made
  // Data without the password of its server, as a half-copied project has it: as good as any reason.
  const home = join(root, '.fleet', 'postgres')
  await mkdir(join(home, 'data'), { recursive: true })
  await writeFile(join(home, 'data', 'PG_VERSION'), '9.6\n')
  const { result: plan, databases } = await databasesOf(() => fleet.rollouts.plan())
  const notTraced = expect.stringMatching(/^Nothing could be traced: Admin ".*" lacks rights .*\. .*\.$/)
  expect(plan.migrations).toMatchObject([
    { assessment: { kind: 'dynamic', notTraced } },
    { assessment: { kind: 'static', verdict: 'risky', restorePoint: true, tracedOn: null, notTraced } },
  ])
  expect(databases).toEqual([])
  await promote()
  const traced = await databasesOf(() => fleet.rollouts.plan())
  expect(traced.databases).toEqual([expect.stringMatching(new RegExp(`^${name}__scratch_`))])
  expect(traced.result.migrations[1]).toMatchObject({ assessment: TRACED })
  await rm(home, { recursive: true })
})

/** A fleet whose admin may log in and nothing more, and whose catalog is elsewhere: its tenants are adopted. */
async function powerless(): Promise<TestFleet> {
  const catalog = await createTestDatabase()
  const user = uniqueName('fleet_test_nobody')
  const password = new Secret(randomBytes(18).toString('base64url'))
  await ask(`create role ${user} login password ${quoteLiteral(password.reveal())}`)
  onTestFinished(async () => {
    await catalog.drop()
    await ask(`drop role ${user}`)
  })
  const made = await setupFleet({
    provider: { kind: 'postgres', url: urlOf({ ...superuser(), user, password }) },
    catalog: { url: urlOf(catalog.connection) },
  })
  await twoMore(made)
  return made
}

/** Makes a database as a team without a fleet has it: migrated by Kysely's own Migrator. */
async function migratedDatabase({ root }: TestFleet, { to }: { to: string }): Promise<string> {
  const { connection, drop } = await createTestDatabase()
  onTestFinished(drop)
  const migrations = await loadMigrations({ folder: join(root, 'migrations'), root })
  const pool = openPool(connection, { applicationName: 'test', max: 1 })
  const db = new Kysely<unknown>({ dialect: new PostgresDialect({ pool }) })
  const provider = { getMigrations: async () => Object.fromEntries(migrations.map((it) => [it.name, { up: it.up }])) }
  const { error } = await new Migrator({ db, provider }).migrateTo(to)
  await db.destroy()
  expect(error).toBeUndefined()
  return urlOf(connection)
}

function urlOf(connection: ConnectionDescriptor): string {
  return formatConnectionString(connection, { reveal: true })
}

test('one migration is shown with a trace where the admin never could make a database', async () => {
  const made = await powerless()
  const { fleet, root } = made
  await expect(access(join(root, '.fleet'))).rejects.toMatchObject({ code: 'ENOENT' })
  expect(await fleet.migrations.show(SECOND)).toMatchObject({
    statements: [{ sql: 'alter table items add column price int' }],
    assessment: { ...TRACED, verdict: 'safe' },
  })
  // Those before it are there, the dynamic one too: it is run on the scratch database.
  const { result, databases } = await databasesOf(() => fleet.migrations.show(FOURTH))
  expect(result).toMatchObject({ assessment: { ...TRACED, findings: [{ rule: 'drop-column', source: 'trace' }] } })
  expect(databases).toEqual([expect.stringMatching(/^lint__scratch_/)])
  await expectNoScratch(made)
})

test('a scratch database on which a migration fails is gone as well, and both reasons are said', async () => {
  const made = await powerless()
  await made.migration(SECOND, `await sql\`alter table nobody add column x int\`.execute(db)`)
  const { assessment } = await made.fleet.migrations.show(THIRD)
  expect(assessment).toMatchObject({
    tracedOn: null,
    notTraced: expect.stringMatching(
      /^Nothing could be traced: Admin .* lacks rights .* 0002_price failed on a scratch database: .*"nobody"/,
    ),
  })
  await expectNoScratch(made)
})

test('a database that was adopted by its URL is planned with a trace and migrated', async () => {
  const made = await powerless()
  const url = await migratedDatabase(made, { to: FIRST })
  expect(await Array.fromAsync(made.fleet.tenants.adopt([{ id: 'a', url }]))).toMatchObject([{ verdict: 'adopted' }])
  const { result: plan, databases } = await databasesOf(() => made.fleet.rollouts.plan({ to: THIRD }))
  expect(plan.migrations).toMatchObject([{ name: SECOND, assessment: TRACED }, { name: THIRD }])
  expect(databases).toEqual([expect.stringMatching(/^lint__scratch_/)])
  await expectNoScratch(made)
  expect(await made.fleet.rollouts.start({ ...UNTAKEN, to: THIRD })).toMatchObject({ status: { outcome: 'succeeded' } })
  const later = await made.fleet.rollouts.plan()
  expect(later.migrations).toMatchObject([{ name: FOURTH, assessment: { ...TRACED, verdict: 'risky' } }])
})

test('a template that the admin could not begin to make is not listed as one', async () => {
  const { fleet } = await powerless()
  await fleet.migrations.show(SECOND)
  expect(await fleet.templates.show()).toEqual([])
})
