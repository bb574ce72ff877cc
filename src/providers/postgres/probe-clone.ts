import type { Clock } from '../../lib/clock.ts'
import type { ConnectionDescriptor } from '../../model/connection.ts'
import { type ClientBase, withClient } from '../../postgres/connect.ts'
import { quoteIdentifier, quoteLiteral } from '../../postgres/identifiers.ts'
import { createClosedDatabase } from './create-closed-database.ts'
import { withDatabaseLock } from './database-lock.ts'
import { foreignRefusal } from './foreign-refusal.ts'
import { readDatabase } from './read-database.ts'

/** Fixed names, so that the next probe finds and drops what a crashed one left. */
const EMPTY = 'kysely_fleet_probe_empty'
const FULL = 'kysely_fleet_probe_full'
const COPY = 'kysely_fleet_probe_copy'
const COMMENT = 'kysely-fleet probe: may be dropped'

/** Checkpoints and other tenants make a single copy take any time; five of each settle it. */
const ROUNDS = 5
const PATIENCE_MS = 5 * 60_000

/** How long 128 MB more take to be copied, in milliseconds: what checkpoints and the files of an empty database cost cancels out. */
export interface CopySlopes {
  readonly copy: number
  readonly clone: number
}

/** Decides whether clone copies by reference. On a file system that cannot, the server makes a full copy without a word. */
export function clonesByReference({ copy, clone }: CopySlopes): boolean {
  // A copy of 128 MB that takes no measurable time proves nothing: unclear counts as no.
  return copy >= 10 && clone < copy / 5
}

/**
 * Finds out by its effect whether `file_copy_method = clone` works (18+). Takes some seconds and 128 MB for as long.
 * @throws FleetError DATABASE_FOREIGN when a database that is not ours has the name of a probe
 */
export async function probeClone(
  client: ClientBase,
  { admin, clock }: { admin: ConnectionDescriptor; clock: Clock },
): Promise<'yes' | 'no'> {
  return withDatabaseLock(client, { database: FULL, clock, patience: PATIENCE_MS }, async () => {
    await dropProbes(client)
    try {
      await createProbe(client, { name: EMPTY, template: 'template0', owner: admin.user, strategy: 'default' })
      await createProbe(client, { name: FULL, template: 'template0', owner: admin.user, strategy: 'default' })
      await fill(client, admin)
      return clonesByReference(await measure()) ? 'yes' : 'no'
    } finally {
      await dropProbes(client)
    }
  })

  /** All four in each round, so that a busy moment of the server meets them alike; the least is the one it met least. */
  async function measure(): Promise<CopySlopes> {
    const least = { copyEmpty: Infinity, copyFull: Infinity, cloneEmpty: Infinity, cloneFull: Infinity }
    for (let round = 0; round < ROUNDS; round++) {
      least.copyEmpty = Math.min(least.copyEmpty, await timeCopy(EMPTY, 'file-copy'))
      least.copyFull = Math.min(least.copyFull, await timeCopy(FULL, 'file-copy'))
      least.cloneEmpty = Math.min(least.cloneEmpty, await timeCopy(EMPTY, 'clone'))
      least.cloneFull = Math.min(least.cloneFull, await timeCopy(FULL, 'clone'))
    }
    return { copy: least.copyFull - least.copyEmpty, clone: least.cloneFull - least.cloneEmpty }
  }

  async function timeCopy(template: string, strategy: 'file-copy' | 'clone'): Promise<number> {
    const start = clock.now().getTime()
    await createProbe(client, { name: COPY, template, owner: admin.user, strategy })
    const taken = clock.now().getTime() - start
    await dropProbe(client, COPY)
    return taken
  }
}

async function createProbe(client: ClientBase, probe: Parameters<typeof createClosedDatabase>[1]): Promise<void> {
  await createClosedDatabase(client, probe)
  await client.query(`comment on database ${quoteIdentifier(probe.name)} is ${quoteLiteral(COMMENT)}`)
}

/** One file of 128 MB: rows of a page each, stored plainly. */
async function fill(client: ClientBase, admin: ConnectionDescriptor): Promise<void> {
  const name = quoteIdentifier(FULL)
  await client.query(`revoke all on database ${name} from public; alter database ${name} allow_connections true`)
  await withClient({ ...admin, database: FULL }, { applicationName: 'fleet/probe' }, (full) =>
    full.query(`create table filler (page text storage plain);
                insert into filler select repeat('x', 8000) from generate_series(1, 16384)`),
  )
  await client.query(`alter database ${name} allow_connections false`)
}

async function dropProbes(client: ClientBase): Promise<void> {
  for (const name of [COPY, FULL, EMPTY]) await dropProbe(client, name)
}

async function dropProbe(client: ClientBase, name: string): Promise<void> {
  const facts = await readDatabase(client, name)
  if (facts === undefined) return
  const abandoned = facts.comment === null && (!facts.open || facts.invalid)
  if (facts.comment !== COMMENT && !abandoned) throw foreignRefusal('database', name, 'probed', facts.comment)
  await client.query(`drop database ${quoteIdentifier(name)}`)
}
