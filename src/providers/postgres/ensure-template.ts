import type { Clock } from '../../lib/clock.ts'
import { failpoint } from '../../lib/failpoint.ts'
import type { ConnectionDescriptor } from '../../model/connection.ts'
import { formatMark } from '../../model/mark.ts'
import { type ClientBase, withClient } from '../../postgres/connect.ts'
import { quoteIdentifier, quoteLiteral } from '../../postgres/identifiers.ts'
import { databaseName } from '../database-names.ts'
import type { TemplateRef, TemplateSpec } from '../provider.ts'
import type { AdminServer } from './admin-server.ts'
import { probeForTemplate } from './clone-capability.ts'
import { createClosedDatabase } from './create-closed-database.ts'
import { withDatabaseLock } from './database-lock.ts'
import { type DatabaseState, databaseState } from './database-state.ts'
import { dropDatabase } from './drop-database.ts'
import { endSessions } from './end-sessions.ts'
import { ensureFleetRoles } from './ensure-fleet-roles.ts'
import { OWNER_ROLE } from './fleet-role-names.ts'
import { foreignRefusal } from './foreign-refusal.ts'
import { openDatabase } from './open-database.ts'
import { prepareTemplate } from './prepare-template.ts'
import { readDatabase } from './read-database.ts'

/** Filling a template with a long history of migrations may take a while; who waits for it has nothing else to do. */
const PATIENCE_MS = 60 * 60_000

export type BuildTemplate = (database: ConnectionDescriptor) => Promise<void>

/**
 * Makes a template and fills it with `build`, once, however many processes ask. Ready is what is closed and marked:
 * both are set in one transaction at the end, so that anything else of ours is half-made and made again.
 */
export async function ensureTemplate(
  server: AdminServer,
  spec: TemplateSpec,
  { build, clock }: { build: BuildTemplate; clock: Clock },
): Promise<TemplateRef> {
  const database = databaseName(spec.mark)
  const outcome = await server.run(async (client) => {
    if ((await stateOf(client, database)) === 'closed') return READY
    return withDatabaseLock(client, { database, clock, patience: PATIENCE_MS }, async () => {
      const state = await stateOf(client, database)
      if (state === 'closed') return READY
      await ensureFleetRoles(client)
      if (state !== 'missing') await dropDatabase(client, database, state)
      return makeTemplate(client)
    })
  })
  // A value until here: what `build` throws is not tried again, whatever it is.
  if (outcome.kind === 'failed') throw outcome.error
  return { server: server.name, database }

  async function stateOf(client: ClientBase, name: string): Promise<DatabaseState> {
    const facts = await readDatabase(client, name)
    const state = databaseState(facts, { mark: spec.mark, owner: OWNER_ROLE })
    if (state === 'foreign') throw foreignRefusal('database', name, server.name, facts?.comment ?? null)
    return state
  }

  async function makeTemplate(client: ClientBase): Promise<Outcome> {
    await createClosedDatabase(client, {
      name: database,
      template: 'template0',
      owner: OWNER_ROLE,
      strategy: 'default',
    })
    failpoint('template.database-created')
    await client.query(openDatabase({ name: database, mark: spec.mark }))
    const inside = { ...server.admin, database }
    try {
      await withClient(inside, SESSION, (template) => prepareTemplate(template, spec.extensions))
      await build(inside)
    } catch (error) {
      // Should this fail as well, the next call meets a half-made one and makes it again.
      await dropDatabase(client, database, 'open').catch(() => {})
      return { kind: 'failed', error }
    }
    failpoint('template.migrated')
    await withClient(inside, SESSION, (template) => template.query('vacuum analyze'))
    await client.query(closeTemplate())
    await endSessions(client, database)
    // The template is ready without it: a probe that fails is made with the next template.
    await probeForTemplate(client, { server, database, clock }).catch(() => {})
    return READY
  }

  function closeTemplate(): string {
    return [
      `alter database ${quoteIdentifier(database)} allow_connections false`,
      `comment on database ${quoteIdentifier(database)} is ${quoteLiteral(formatMark(spec.mark))}`,
    ].join(';\n')
  }
}

type Outcome = { readonly kind: 'ready' } | { readonly kind: 'failed'; readonly error: unknown }
const SESSION = { applicationName: 'fleet/template' } as const
const READY: Outcome = { kind: 'ready' }
