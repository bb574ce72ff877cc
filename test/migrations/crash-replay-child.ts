import { applyMigrations } from '../../src/migrations/apply-migrations.ts'
import { parseConnectionString } from '../../src/postgres/connection-string.ts'
import { byReplay } from './crash-replay-migrations.ts'

/**
 * Applies migrations by replay. Prints the backend's id whenever it has connected, and the name of each migration that
 * it knows to be committed. Dies in the failpoint behind the COMMIT with the given number, if there is one.
 */
const { url, sleep, dieAfter } = JSON.parse(process.argv[2] ?? '{}')
const print = (line: string) => process.stdout.write(`${line}\n`)

let committed = 0
await applyMigrations({
  ...byReplay({ sleep }),
  connection: parseConnectionString(url),
  applicationName: 'fleet/r1/tenant/1',
  expected: [],
  tables: { table: 'kysely_migration', lockTable: 'kysely_migration_lock', schema: undefined },
  ownerRole: null,
  timeouts: { lock: 3_000, statement: 30_000, concurrent: 30_000 },
  onConnected: ({ pid }) => print(`backend ${pid}`),
  onApplied: (name) => {
    print(`committed ${name}`)
    committed += 1
    if (committed === dieAfter) process.env.FLEET_FAILPOINT = 'run.migration-committed'
  },
})
