import { sql } from 'kysely'
import { applyMigrations } from '../../src/migrations/apply-migrations.ts'
import { parseConnectionString } from '../../src/postgres/connection-string.ts'

/** Applies the given statements as one migration and dies, as `kill -9` would do it, before the one with the given number. */
const { url, steps, at, transaction } = JSON.parse(process.argv[2] ?? '{}')

await applyMigrations({
  connection: parseConnectionString(url),
  applicationName: 'fleet/rollout/tenant/0',
  expected: [],
  pending: [
    {
      name: '0001_steps',
      file: 'migrations/0001_steps.ts',
      path: '/project/migrations/0001_steps.ts',
      checksum: '',
      down: undefined,
      transaction,
      allow: {},
      up: async (db) => {
        for (const [n, text] of steps.entries()) {
          const sent = sql.raw(text).execute(db)
          // One that is sent is left running, as far as the client's death lets it.
          if (n === at) setTimeout(() => process.kill(process.pid, 'SIGKILL'), 200)
          await sent
        }
      },
    },
  ],
  tables: { table: 'kysely_migration', lockTable: 'kysely_migration_lock', schema: undefined },
  ownerRole: null,
  timeouts: { lock: 3_000, statement: 30_000, concurrent: 30_000 },
})
