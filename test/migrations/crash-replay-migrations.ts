import { compileMigration } from '../../src/migrations/compile/compile-migration.ts'
import type { CompiledMigration } from '../../src/migrations/compile/compiled-migration.ts'
import type { Migration } from '../../src/migrations/migration.ts'

export const NAMES = ['0001_a', '0002_b', '0003_c', '0004_d', '0005_e', '0006_f']

/**
 * Returns six recorded migrations that can only be replayed. Each makes a table named after it and writes its name into
 * `done`, with a pause around each statement.
 * @param sleep how long a pause is, in seconds
 */
export function byReplay({ sleep }: { readonly sleep: number }): {
  readonly pending: readonly Migration[]
  readonly recorded: ReadonlyMap<string, CompiledMigration>
} {
  const pending = NAMES.map(replayedOnly)
  const compiled = pending.map((it) => {
    const pause = `select pg_sleep(${sleep})`
    const texts = [pause, `create table t_${it.name} ()`, pause, `insert into done values ('${it.name}')`, pause]
    return compileMigration(
      it,
      texts.map((sql) => ({ sql, parameters: [], line: null })),
    )
  })
  return { pending, recorded: new Map(compiled.map((it) => [it.migration, it])) }
}

function replayedOnly(name: string): Migration {
  const file = `migrations/${name}.ts`
  const up = async () => {
    throw new Error(`${name} was run live.`)
  }
  return { name, file, path: `/project/${file}`, checksum: '', up, down: undefined, transaction: true, allow: {} }
}
