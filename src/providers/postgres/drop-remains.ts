import type { Mark } from '../../model/mark.ts'
import type { ClientBase } from '../../postgres/connect.ts'
import { databaseState } from './database-state.ts'
import { dropDatabase } from './drop-database.ts'
import { foreignRefusal } from './foreign-refusal.ts'
import { readDatabase } from './read-database.ts'

export interface RemainsRef {
  readonly server: string
  readonly name: string
  readonly mark: Mark
  /** Of a half-made one that has no mark yet. */
  readonly owner: string
}

/**
 * Drops what an earlier attempt to make a database of that name and mark has left; nothing is fine.
 * @throws FleetError DATABASE_FOREIGN
 */
export async function dropRemains(client: ClientBase, { server, name, mark, owner }: RemainsRef): Promise<void> {
  const facts = await readDatabase(client, name)
  const state = databaseState(facts, { mark, owner })
  if (state === 'foreign') throw foreignRefusal('database', name, server, facts?.comment ?? null)
  if (state !== 'missing') await dropDatabase(client, name, state)
}
