import { type Kysely, sql } from 'kysely'

export async function up(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createIndex('tasks_open')
    .on('tasks')
    .column('project_id')
    .where(sql<boolean>`state = 'open'`)
    .execute()
}
