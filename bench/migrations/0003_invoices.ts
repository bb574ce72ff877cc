import type { Kysely } from 'kysely'

export async function up(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('invoices')
    .addColumn('id', 'bigint', (column) => column.primaryKey().generatedAlwaysAsIdentity())
    .addColumn('project_id', 'bigint', (column) => column.notNull().references('projects.id'))
    .addColumn('amount', 'numeric(12, 2)', (column) => column.notNull())
    .execute()
  await db.schema.createIndex('invoices_project_id').on('invoices').column('project_id').execute()
}
