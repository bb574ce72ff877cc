import { FleetError } from '../../model/errors.ts'
import { type Mark, parseMark, sameMark } from '../../model/mark.ts'
import type { ClientBase } from '../../postgres/connect.ts'
import type { RestorePointRef } from '../copying-provider.ts'
import type { DatabaseFacts } from './database-state.ts'
import { foreignRefusal } from './foreign-refusal.ts'
import { readDatabase } from './read-database.ts'

/**
 * Makes sure that a restore point's database is the one that was made, and ours; returns what it is like.
 * @throws FleetError RESTORE_POINT_UNKNOWN, DATABASE_FOREIGN
 */
export async function checkRestorePoint(
  client: ClientBase,
  { server, database, databaseId }: RestorePointRef,
  mark: Mark,
): Promise<DatabaseFacts> {
  const facts = await readDatabase(client, database)
  if (facts === undefined || facts.databaseId !== databaseId)
    throw new FleetError('RESTORE_POINT_UNKNOWN', `The restore point's database "${database}" is gone.`)
  if (!sameMark(parseMark(facts.comment), mark)) throw foreignRefusal('database', database, server, facts.comment)
  return facts
}
