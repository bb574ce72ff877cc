import type { Kysely } from 'kysely'

export async function up(db: Kysely<unknown>): Promise<void> {
  await db.schema.alterTable('invoices').addColumn('paid_at', 'timestamptz').execute()
  await db.schema.createIndex('invoices_paid_at').on('invoices').column('paid_at').execute()
}
