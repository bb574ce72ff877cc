import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

/** What is written for each table in turn, as an application grows. */
const BODIES: readonly ((table: string) => string)[] = [
  (table) => `createTable('${table}')
    .addColumn('id', 'bigint', (column) => column.primaryKey().generatedAlwaysAsIdentity())
    .addColumn('name', 'text', (column) => column.notNull())
    .addColumn('created_at', 'timestamptz', (column) => column.notNull())`,
  (table) => `alterTable('${table}').addColumn('note', 'text')`,
  (table) => `createIndex('${table}_name').on('${table}').column('name')`,
  (table) => `alterTable('${table}').addColumn('position', 'integer', (column) => column.notNull().defaultTo(0))`,
  (table) => `alterTable('${table}').addUniqueConstraint('${table}_position', ['name', 'position'])`,
]

/** Makes a folder of so many small migrations. They import types only, so that they need no packages beside them. */
export async function writeMigrations(folder: string, count: number): Promise<void> {
  await mkdir(folder)
  for (let index = 0; index < count; index += 1) {
    const body = BODIES[index % BODIES.length]?.(`t${Math.floor(index / BODIES.length) + 1}`)
    const text = `import type { Kysely } from 'kysely'

export async function up(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .${body}
    .execute()
}
`
    await writeFile(join(folder, `${String(index + 1).padStart(4, '0')}_step.ts`), text)
  }
}
