import pLimit from 'p-limit'
import pg from 'pg'
import { compileMigration } from '../../src/migrations/compile/compile-migration.ts'
import type { CompiledMigration } from '../../src/migrations/compile/compiled-migration.ts'
import type { Migration } from '../../src/migrations/migration.ts'
import { recordMigrations } from '../../src/migrations/record/record-migrations.ts'
import type { ConnectionDescriptor } from '../../src/model/connection.ts'
import { quoteLiteral } from '../../src/postgres/identifiers.ts'
import type { BenchTask, Contender } from './contender.ts'

export interface ContenderOptions {
  /** The server as contenders reach it. */
  readonly through: ConnectionDescriptor
  readonly databases: readonly string[]
  /** The last one is what `one migration` applies. */
  readonly migrations: readonly Migration[]
  readonly concurrency: number
}

/**
 * The least that any tool could do: connect, send everything as one message that was prepared before, disconnect. No
 * lock, no check, no catalog; the transactions are the fleet's, and only the last one waits for the disk.
 */
export async function createFloor({
  through,
  databases,
  migrations,
  concurrency,
}: ContenderOptions): Promise<Contender> {
  const frames = (await compileAll(migrations)).map(frame)
  const messages: Readonly<Record<BenchTask, string>> = {
    'ten migrations': [
      HISTORY_TABLES,
      ...frames.slice(0, -1).map(({ lazy, durable }, index, all) => (index < all.length - 1 ? lazy : durable)),
    ].join('\n'),
    'one migration': frames.at(-1)?.durable ?? '',
    'nothing to do': 'select name from kysely_migration',
  }
  const limit = pLimit(concurrency)
  const { host, port, user, password } = through
  return {
    name: 'floor: bare pg',
    prepare: async () => {},
    run: async (task) => {
      await limit.map(databases, async (database) => {
        const client = new pg.Client({ host, port, user, password: password?.reveal() ?? '', database })
        await client.connect()
        await client.query(messages[task])
        await client.end()
      })
    },
    close: async () => {},
  }
}

const HISTORY_TABLES = `
create table if not exists kysely_migration (name varchar(255) not null primary key, timestamp varchar(255) not null);
create table if not exists kysely_migration_lock (id varchar(255) not null primary key, is_locked integer default 0 not null);`

async function compileAll(migrations: readonly Migration[]): Promise<readonly CompiledMigration[]> {
  const recordings = await recordMigrations(migrations)
  return migrations.map((it, index) => compileMigration(it, recordings[index]?.queries ?? []))
}

function frame({ migration, statements }: CompiledMigration): { lazy: string; durable: string } {
  const body = [
    ...statements.map(({ sql }) => sql),
    `insert into kysely_migration values (${quoteLiteral(migration)}, to_char(clock_timestamp() at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'))`,
    'commit;',
  ]
  return {
    lazy: ['begin', 'set local synchronous_commit = off', ...body].join(';\n'),
    durable: ['begin', ...body].join(';\n'),
  }
}
