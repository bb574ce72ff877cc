import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { onTestFinished } from 'vitest'
import { listMigrationFiles } from '../../../src/migrations/list-migration-files.ts'
import type { Migration } from '../../../src/migrations/migration.ts'
import { type RecordOptions, recordMigrations } from '../../../src/migrations/record/record-migrations.ts'
import type { Recording } from '../../../src/migrations/record/recording.ts'

export type Plugins = 'none' | 'camelCase' | 'parseJson'

/** Writes files into a folder of their own. The migrations in it are listed, not imported: their `up` is never called here. */
export async function migrationFiles(files: Readonly<Record<string, string>>): Promise<readonly Migration[]> {
  const folder = await mkdtemp(join(tmpdir(), 'fleet-record-'))
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
  await writeFile(join(folder, 'package.json'), '{ "type": "module" }')
  for (const [name, source] of Object.entries(files)) await writeFile(join(folder, name), source)
  const listed = await listMigrationFiles({ folder, root: folder })
  return listed.map((file) => ({ ...file, up: onlyInTheRecorder, down: undefined, transaction: true, allow: {} }))
}

/** Gives the only one of these migrations another source. */
export async function editMigration([migration]: readonly Migration[], source: string): Promise<readonly Migration[]> {
  if (migration === undefined) throw new Error('There is no migration to edit.')
  await writeFile(migration.path, source)
  const folder = dirname(migration.path)
  const [edited] = await listMigrationFiles({ folder, root: folder })
  return [{ ...migration, ...edited }]
}

/** Records what is in these files. Those that begin with a digit are migrations. */
export async function recordFiles(
  files: Readonly<Record<string, string>>,
  { plugins = 'none', ...options }: Omit<RecordOptions, 'setup'> & { plugins?: Plugins } = {},
): Promise<readonly Recording[]> {
  const migrations = (await migrationFiles(files)).filter(({ name }) => /^\d/.test(name))
  return recordMigrations(migrations, { ...options, setup: setupOf(plugins) })
}

/** Returns the source of a migration. */
export function source(up: string, { head = '', transaction = true } = {}): string {
  const config = transaction ? '' : 'export const config = { transaction: false }'
  return `import { sql } from 'kysely'; ${config}\n${head}\nexport async function up(db) {\n${up}\n}\n`
}

export function setupOf(plugins: Plugins) {
  return { module: new URL('./set-up-plugins.ts', import.meta.url).href, argument: plugins }
}

async function onlyInTheRecorder(): Promise<never> {
  throw new Error('A recorder imports the file itself.')
}
