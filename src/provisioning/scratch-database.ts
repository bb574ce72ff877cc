import { randomBytes } from 'node:crypto'
import type { Clock } from '../lib/clock.ts'
import type { Migration } from '../migrations/migration.ts'
import type { ConnectionDescriptor } from '../model/connection.ts'
import { type Mark, sameMark } from '../model/mark.ts'
import { Secret } from '../model/secret.ts'
import type { Provider, TemplateRef } from '../providers/provider.ts'
import { ensureTemplate, type TemplateContext } from './template.ts'

/** A database to try things on: it is dropped afterwards. */
export interface ScratchDatabase {
  readonly connection: ConnectionDescriptor
  /** The role that owns what is in it. */
  readonly ownerRole: string | null
}

/** Where scratch databases are made, and whose they are. */
export interface ScratchContext extends Pick<Mark, 'fleet' | 'catalogId'> {
  readonly provider: Provider
  readonly clock: Clock
}

/**
 * Lends a clone of the template with these migrations, and drops it, whatever happened.
 * @throws what building the template, cloning it and `use` throw
 */
export async function withScratchDatabase<T>(
  server: string,
  migrations: readonly Migration[],
  context: TemplateContext,
  use: (scratch: ScratchDatabase) => Promise<T>,
): Promise<T> {
  return withClone(await ensureTemplate(server, migrations, context), context, use)
}

/**
 * Lends a clone of a template, and drops it, whatever happened; what a process that was killed left is dropped by a later one.
 * @throws what cloning it and `use` throw
 */
export async function withClone<T>(
  template: TemplateRef,
  context: ScratchContext,
  use: (scratch: ScratchDatabase) => Promise<T>,
): Promise<T> {
  const { provider, clock } = context
  const { server } = template
  await dropForgotten(context)
  const mark = markOf(`${clock.now().getTime().toString(36)}_${randomBytes(4).toString('hex')}`, context)
  const password = new Secret(randomBytes(24).toString('base64url'))
  try {
    const placement = await provider.createDatabase({ server, template, extensions: [], mark, password })
    return await use({ connection: await provider.connect(placement), ownerRole: placement.ownerRole })
  } finally {
    await provider.deleteDatabase(provider.plannedPlacement(server, mark), mark)
  }
}

/** No use of one takes so long, in milliseconds. */
const FORGOTTEN = 3_600_000

/** Returns when a scratch database is certainly in use no more, by its key, in milliseconds; NaN for what is no such key. */
export function scratchForgottenAt(key: string): number {
  return Number.parseInt(key, 36) + FORGOTTEN
}

async function dropForgotten(context: ScratchContext): Promise<void> {
  const { provider, fleet, clock } = context
  for await (const { server, mark } of provider.findDatabases(`${fleet}\\_\\_scratch\\_%`)) {
    if (mark === undefined || !sameMark(mark, markOf(mark.key, context))) continue
    if (clock.now().getTime() > scratchForgottenAt(mark.key))
      await provider.deleteDatabase(provider.plannedPlacement(server, mark), mark)
  }
}

function markOf(key: string, { fleet, catalogId }: Pick<Mark, 'fleet' | 'catalogId'>): Mark {
  return { fleet, catalogId, kind: 'scratch', key }
}
