import { type Kysely, sql } from 'kysely'

export async function up(db: Kysely<unknown>): Promise<void> {
  await db.schema.alterTable('invoices').addCheckConstraint('amount_is_positive', sql`amount > 0`).execute()
}
