import type { CatalogDb } from './catalog-schema.ts'

export interface TemplateRow {
  readonly server: string
  /** Names its content: a hash of migrations, extensions and seed. */
  readonly key: string
  readonly database: string
  readonly version: string | null
  readonly created_at: Date
}

/** Records a template before it is made, so that a crash leaks none; true when it was not recorded before. */
export async function recordTemplate(db: CatalogDb, template: Omit<TemplateRow, 'created_at'>): Promise<boolean> {
  const { numInsertedOrUpdatedRows } = await db
    .insertInto('fleet.template')
    .values(template)
    .onConflict((it) => it.doNothing())
    .executeTakeFirstOrThrow()
  return numInsertedOrUpdatedRows === 1n
}

/** Lists templates, the newest first. */
export function listTemplates(db: CatalogDb): Promise<TemplateRow[]> {
  return db.selectFrom('fleet.template').selectAll().orderBy('created_at', 'desc').execute()
}

/** Forgets a template after its database is gone. */
export async function forgetTemplate(db: CatalogDb, { server, key }: { server: string; key: string }): Promise<void> {
  await db.deleteFrom('fleet.template').where('server', '=', server).where('key', '=', key).execute()
}
