import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { parseConfig } from '../../src/config/parse-config.ts'
import type { Fleet } from '../../src/fleet/fleet.ts'
import { openFleet } from '../../src/fleet/open-fleet.ts'
import type { ConnectionDescriptor } from '../../src/model/connection.ts'
import { withClient } from '../../src/postgres/connect.ts'
import { formatConnectionString, parseConnectionString } from '../../src/postgres/connection-string.ts'
import type { BenchServer } from '../bench-server.ts'

const NAME = 'benchrestore'

/** A fleet on the bench's server, with one table in each tenant. */
export interface BenchFleet {
  readonly fleet: Fleet
  readonly admin: ConnectionDescriptor
  /** Makes a tenant with so many rows of about a hundred bytes; returns its id. */
  tenantWith(id: string, rows: number): Promise<string>
  databaseOf(id: string): string
  /** Opens the fleet once more, copying so many tenants at once; whoever calls closes it. */
  openCopying(copiesAtOnce: number): Promise<Fleet>
  /** How the tenant's application connects. */
  applicationOf(id: string): Promise<ConnectionDescriptor>
}

/** Lends a fleet that is opened as users open theirs; its databases go with the server. */
export async function withBenchFleet<T>(
  { admin, root }: BenchServer,
  use: (bench: BenchFleet) => Promise<T>,
): Promise<T> {
  process.env.FLEET_SECRET_KEY ??= Buffer.alloc(32, 7).toString('base64')
  await mkdir(join(root, 'migrations'), { recursive: true })
  await writeFile(
    join(root, 'migrations', '0001_items.ts'),
    `export const up = (db) => db.schema.createTable('items')
       .addColumn('id', 'bigint', (column) => column.primaryKey()).addColumn('text', 'text', (column) => column.notNull()).execute()`,
  )
  const url = formatConnectionString(admin, { reveal: true })
  const settings = { name: NAME, provider: { kind: 'postgres', url } }
  const fleet = await openFleet(parseConfig(settings, { root }))
  const databaseOf = (id: string) => `${NAME}_${id}`
  try {
    return await use({
      fleet,
      admin,
      databaseOf,
      openCopying: (copiesAtOnce) => openFleet(parseConfig({ ...settings, restorePoints: { copiesAtOnce } }, { root })),
      applicationOf: async (id) => parseConnectionString(await fleet.tenants.url(id, { reveal: true })),
      tenantWith: async (id, rows) => {
        for await (const _ of fleet.tenants.create([{ id }]));
        await withClient({ ...admin, database: databaseOf(id) }, { applicationName: 'fleet/bench' }, async (client) => {
          await client.query(`insert into items select n, repeat('x', 70) from generate_series(1, $1::int) n`, [rows])
          await client.query('vacuum analyze items')
        })
        return id
      },
    })
  } finally {
    await fleet.close()
  }
}
