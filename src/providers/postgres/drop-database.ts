import type { ClientBase } from '../../postgres/connect.ts'
import { quoteIdentifier } from '../../postgres/identifiers.ts'
import { refuseSubscribed } from './attachments.ts'
import type { DatabaseState } from './database-state.ts'
import { endSessions } from './end-sessions.ts'

/**
 * Closes a database of ours to new sessions, ends those that are in, and drops it. Whoever calls it has made sure
 * that the database is ours. Not WITH (FORCE): that fails for an admin that is no superuser while autovacuum is in.
 * @throws FleetError DATABASE_IN_USE when it has subscriptions; then it is as it was
 */
export async function dropDatabase(client: ClientBase, name: string, state: DatabaseState): Promise<void> {
  // A database whose drop was interrupted lets nobody in and takes no change.
  if (state !== 'invalid') {
    await refuseSubscribed(client, name)
    await client.query(`alter database ${quoteIdentifier(name)} allow_connections false`)
    await endSessions(client, name)
  }
  await client.query(`drop database if exists ${quoteIdentifier(name)}`)
}
