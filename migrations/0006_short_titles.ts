import type { Kysely } from 'kysely'

export async function up(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .alterTable('projects')
    .alterColumn('title', (column) => column.setDataType('varchar(40)'))
    .dropColumn('legacy_notes')
    .execute()
}

export async function down(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .alterTable('projects')
    .alterColumn('title', (column) => column.setDataType('text'))
    .addColumn('legacy_notes', 'text')
    .execute()
}
