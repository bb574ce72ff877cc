import { FleetError, type FleetErrorCode } from '../../model/errors.ts'
import type { ClientBase } from '../../postgres/connect.ts'
import { quoteIdentifier, quoteLiteral } from '../../postgres/identifiers.ts'

/**
 * What hangs on a database by its OID: a copy has none of it, and after an exchange of names it is still with the
 * database that had it. Seen alike on PostgreSQL 15 and 18.
 */
export interface Attachments {
  /** Logical replication slots, but for those that end with their session. */
  readonly slots: readonly string[]
  readonly subscriptions: readonly string[]
  /** Identifiers of prepared transactions. While there is one, the server neither copies nor renames the database. */
  readonly prepared: readonly string[]
}

/** Reads what hangs on a database, from any database of its server; no more rights are needed than to connect. */
export async function readAttachments(client: ClientBase, database: string): Promise<Attachments> {
  const { rows } = await client.query<Attachments>(
    `select array(select slot_name::text from pg_replication_slots
                   where database = $1::name and not temporary order by slot_name) as slots,
            array(select s.subname::text from pg_subscription s join pg_database d on d.oid = s.subdbid
                   where d.datname = $1::name order by s.subname) as subscriptions,
            array(select gid from pg_prepared_xacts where database = $1::name order by gid) as prepared`,
    [database],
  )
  return rows[0] ?? { slots: [], subscriptions: [], prepared: [] }
}

export interface AttachmentRefusalOptions {
  readonly database: string
  readonly code: Extract<FleetErrorCode, 'RESTORE_POINT_REFUSED' | 'RESTORE_REFUSED'>
  /** Somebody wants it although slots and subscriptions stay behind. */
  readonly force: boolean
}

/**
 * Says why a database with these attachments is neither copied nor exchanged; undefined when it may be. Prepared
 * transactions cannot be forced: the server refuses, and to end them is for whoever has prepared them.
 */
export function attachmentRefusal(
  { slots, subscriptions, prepared }: Attachments,
  { database, code, force }: AttachmentRefusalOptions,
): FleetError | undefined {
  if (prepared.length > 0)
    return new FleetError(
      code,
      `Database "${database}" has prepared transactions: ${list(prepared)}. Until they are ended, the server neither copies nor renames it.`,
      {
        remedy: `End each in that database as whoever prepared it would, with COMMIT PREPARED or ROLLBACK PREPARED (${prepared.map((gid) => quoteLiteral(gid)).join(', ')}). \`--force\` does not do that.`,
      },
    )
  if (force || slots.length + subscriptions.length === 0) return undefined
  const what = [
    ...(slots.length > 0 ? [`logical replication slots (${list(slots)})`] : []),
    ...(subscriptions.length > 0 ? [`subscriptions (${list(subscriptions)})`] : []),
  ].join(' and ')
  return new FleetError(
    code,
    `Database "${database}" has ${what}. They are in no copy of it: after a restore they are with the state that is kept, and who reads or writes by them comes to a stop.`,
    {
      remedy:
        'Drop those that nobody needs, or add `--force` to leave them behind. A rollout goes without with `--take-restore-points never`.',
    },
  )
}

/**
 * Refuses to drop a database that has subscriptions, which the server refuses as well, but only after it was closed.
 * @throws FleetError DATABASE_IN_USE
 */
export async function refuseSubscribed(client: ClientBase, database: string): Promise<void> {
  const { subscriptions } = await readAttachments(client, database)
  if (subscriptions.length === 0) return
  const statements = subscriptions.map((name) => {
    const subscription = quoteIdentifier(name)
    return `ALTER SUBSCRIPTION ${subscription} DISABLE; ALTER SUBSCRIPTION ${subscription} SET (slot_name = NONE); DROP SUBSCRIPTION ${subscription};`
  })
  throw new FleetError('DATABASE_IN_USE', `Database "${database}" has subscriptions: ${list(subscriptions)}.`, {
    remedy: [
      'They have to go first, and their slots on the servers that they read from.',
      `If it is closed, open it: ALTER DATABASE ${quoteIdentifier(database)} ALLOW_CONNECTIONS true;`,
      `Then run in it: ${statements.join(' ')}`,
    ].join('\n'),
  })
}

/** As many as can be read. */
const MOST = 5

function list(names: readonly string[]): string {
  const shown = names.slice(0, MOST).join(', ')
  return names.length > MOST ? `${shown} and ${names.length - MOST} more` : shown
}
