import { expect, test } from 'vitest'
import { CATALOG_MIGRATIONS, openCatalog } from '../../src/catalog/open-catalog.ts'
import { findRestorePoint } from '../../src/catalog/restore-points.ts'
import { findTenant } from '../../src/catalog/tenants.ts'
import { withClient } from '../../src/postgres/connect.ts'
import { withTestDatabase } from '../support/test-server.ts'

const OPTIONS = { fleet: 'acme', programVersion: '1.2.0', upgrade: true }
/** The catalog's migrations before databases were told apart by more than OIDs. */
const WITH_OIDS = Object.fromEntries(Object.entries(CATALOG_MIGRATIONS).filter(([name]) => name < '0005'))

/** The largest OID that there is: more than a signed integer holds. */
const OID = 4_294_967_295
const ADDRESS = { host: 'db.example.com', port: 5432, database: 'theirs', user: 'app', tls: 'verify-full' }
const PLACED = { server: 'main', ownerRole: 'acme_owner', loginRole: null }

test('an upgrade keeps which database each tenant and each restore point has, and which of them nobody has seen yet', async () => {
  await withTestDatabase(async ({ connection }) => {
    await (await openCatalog(connection, { ...OPTIONS, migrations: WITH_OIDS })).close()
    await withClient(connection, { applicationName: 'test' }, async (client) => {
      await client.query(`insert into fleet.history (id, names) values ('h', '{}')`)
      const placements = {
        seen: { ...PLACED, database: 'acme_seen', oid: OID },
        unseen: { ...PLACED, database: 'acme_unseen', oid: null },
        adopted: { ...PLACED, server: 'external', database: 'theirs', oid: 17, address: ADDRESS },
        unplaced: null,
      }
      for (const [id, placement] of Object.entries(placements))
        await client.query(
          `insert into fleet.tenant (id, state, origin, server, history_id, placement) values ($1, 'ready', 'created', 'main', 'h', $2)`,
          [id, placement && JSON.stringify(placement)],
        )
      await client.query(
        `insert into fleet.restore_point (tenant_id, state, server, database, oid, history_id, keep)
         values ('seen', 'ready', 'main', 'acme_rp_1', $1, 'h', '1 day'), ('seen', 'creating', 'main', 'acme_rp_2', null, 'h', '1 day')`,
        [OID],
      )
    })

    const { db, close } = await openCatalog(connection, OPTIONS)
    const placementOf = async (id: string) => (await findTenant(db, id))?.placement
    try {
      expect(await placementOf('seen')).toEqual({ ...PLACED, database: 'acme_seen', databaseId: '4294967295' })
      expect(await placementOf('unseen')).toEqual({ ...PLACED, database: 'acme_unseen', databaseId: null })
      expect(await placementOf('adopted')).toEqual({
        ...PLACED,
        server: 'external',
        database: 'theirs',
        databaseId: '17',
        address: ADDRESS,
      })
      expect(await placementOf('unplaced')).toBeNull()
      expect(await findRestorePoint(db, 'p1')).toMatchObject({ tenantId: 'seen', databaseId: '4294967295' })
      expect(await findRestorePoint(db, 'p2')).toMatchObject({ tenantId: 'seen', databaseId: null })
    } finally {
      await close()
    }
  })
})
