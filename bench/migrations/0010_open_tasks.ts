import { type Kysely, sql } from 'kysely'

export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`create view open_tasks as select id, project_id, title from tasks where state = 'open'`.execute(db)
}
