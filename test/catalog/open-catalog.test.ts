import { sql } from 'kysely'
import { expect, test } from 'vitest'
import { CATALOG_MIGRATIONS, type OpenCatalogOptions, openCatalog } from '../../src/catalog/open-catalog.ts'
import { withClient } from '../../src/postgres/connect.ts'
import { withTestDatabase } from '../support/test-server.ts'

const options = (more: Partial<OpenCatalogOptions> = {}): OpenCatalogOptions => ({
  fleet: 'acme',
  programVersion: '1.2.0',
  upgrade: false,
  ...more,
})
const more = {
  ...CATALOG_MIGRATIONS,
  '0009_more': {
    up: (db: Parameters<(typeof CATALOG_MIGRATIONS)[string]['up']>[0]) =>
      sql`create table fleet.more ()`.execute(db).then(() => {}),
  },
}

test('a catalog is made when there is none, by many at once, and keeps its id', async () => {
  await withTestDatabase(async ({ connection }) => {
    const opened = await Promise.all([1, 2, 3, 4].map(() => openCatalog(connection, options())))
    expect(new Set(opened.map((it) => it.id)).size).toBe(1)
    await Promise.all(opened.map((it) => it.close()))
    const again = await openCatalog(connection, options())
    expect(again.id).toBe(opened[0]?.id)
    await again.close()
  })
})

test('an older catalog is refused unless it may be upgraded', async () => {
  await withTestDatabase(async ({ connection }) => {
    await (await openCatalog(connection, options())).close()
    await expect(openCatalog(connection, options({ migrations: more }))).rejects.toMatchObject({
      code: 'CATALOG_OLDER',
    })
    await withClient(connection, { applicationName: 'test' }, async (client) => {
      await client.query(
        `insert into fleet.rollout (state, digest, intent, plan, driver, heartbeat_at) values ('running', '', '', '{}', '{}', now())`,
      )
      await expect(openCatalog(connection, options({ migrations: more, upgrade: true }))).rejects.toMatchObject({
        code: 'ROLLOUT_DRIVEN',
      })
      await client.query(`update fleet.rollout set driver = null`)
    })
    const upgraded = await openCatalog(connection, options({ migrations: more, upgrade: true }))
    expect(upgraded.schemaVersion).toBe('0009_more')
    await upgraded.close()
  })
})

test('a newer catalog is refused unless its changes were additive for this program', async () => {
  await withTestDatabase(async ({ connection }) => {
    const newer = await openCatalog(connection, options({ migrations: more, programVersion: '1.3.0' }))
    await expect(openCatalog(connection, options({ programVersion: '1.2.9' }))).rejects.toMatchObject({
      code: 'CATALOG_NEWER',
      message: 'The catalog is at 0009_more and needs kysely-fleet 1.3.0 or newer; this is 1.2.9.',
    })
    await newer.db.updateTable('fleet.meta').set({ least_program: '1.2.0' }).execute()
    await newer.close()
    await (await openCatalog(connection, options({ programVersion: '1.2.9' }))).close()
  })
})

test('a catalog of another fleet is refused, and one whose making was interrupted is finished', async () => {
  await withTestDatabase(async ({ connection }) => {
    const first = await openCatalog(connection, options())
    await first.db.deleteFrom('fleet.meta').execute()
    await first.close()
    await (await openCatalog(connection, options())).close()
    await expect(openCatalog(connection, options({ fleet: 'other' }))).rejects.toMatchObject({
      code: 'CATALOG_FOREIGN',
    })
  })
})

test('an unreachable server, a wrong password and a missing database each get one sentence', async () => {
  await withTestDatabase(async ({ connection }) => {
    const { Secret } = await import('../../src/model/secret.ts')
    await expect(openCatalog({ ...connection, port: 1 }, options())).rejects.toMatchObject({
      code: 'SERVER_UNREACHABLE',
    })
    await expect(openCatalog({ ...connection, password: new Secret('wrong') }, options())).rejects.toMatchObject({
      code: 'AUTHENTICATION_FAILED',
    })
    await expect(openCatalog({ ...connection, database: 'no_such_database' }, options())).rejects.toMatchObject({
      code: 'SERVER_UNREACHABLE',
    })
  })
})
