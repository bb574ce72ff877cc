import { type Kysely, sql } from 'kysely'

export async function up(db: Kysely<unknown>): Promise<void> {
  await db.schema.createType('task_state').asEnum(['open', 'done', 'dropped']).execute()
  await db.schema
    .createTable('tasks')
    .addColumn('id', 'bigint', (column) => column.primaryKey().generatedAlwaysAsIdentity())
    .addColumn('project_id', 'bigint', (column) => column.notNull().references('projects.id'))
    .addColumn('title', 'text', (column) => column.notNull())
    .addColumn('state', sql`task_state`, (column) => column.notNull().defaultTo('open'))
    .execute()
}
