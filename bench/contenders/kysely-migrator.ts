import { Kysely, PostgresDialect } from 'kysely'
import { type MigrationProvider, Migrator } from 'kysely/migration'
import pLimit from 'p-limit'
import pg from 'pg'
import type { BenchTask, Contender } from './contender.ts'
import type { ContenderOptions } from './floor.ts'

/** Kysely's own Migrator, tenant by tenant; the files are loaded before, which is to its advantage. */
export function createKyselyMigrator({ through, databases, migrations, concurrency }: ContenderOptions): Contender {
  const files = Object.fromEntries(migrations.map((it) => [it.name, { up: it.up }]))
  const provider: MigrationProvider = { getMigrations: async () => files }
  const targets: Readonly<Record<BenchTask, string | undefined>> = {
    'ten migrations': migrations.at(-2)?.name,
    'one migration': migrations.at(-1)?.name,
    'nothing to do': migrations.at(-1)?.name,
  }
  const limit = pLimit(concurrency)
  const { host, port, user, password } = through
  return {
    name: "Kysely's Migrator",
    prepare: async () => {},
    run: async (task) => {
      await limit.map(databases, async (database) => {
        const pool = new pg.Pool({ host, port, user, password: password?.reveal() ?? '', database, max: 1 })
        // A backend may outlive its pool for a moment, and be ended by the next reset: nobody waits for it any more.
        pool.on('error', () => {})
        const db = new Kysely<unknown>({ dialect: new PostgresDialect({ pool }) })
        try {
          const { error } = await new Migrator({ db, provider }).migrateTo(targets[task] ?? '')
          if (error !== undefined) throw error
        } finally {
          await db.destroy()
        }
      })
    },
    close: async () => {},
  }
}
