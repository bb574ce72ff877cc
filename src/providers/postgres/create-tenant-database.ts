import type { Clock } from '../../lib/clock.ts'
import { failpoint } from '../../lib/failpoint.ts'
import { FleetError } from '../../model/errors.ts'
import { parseMark } from '../../model/mark.ts'
import type { Placement } from '../../model/tenant.ts'
import type { ClientBase } from '../../postgres/connect.ts'
import { quoteIdentifier } from '../../postgres/identifiers.ts'
import { scramVerifier } from '../../postgres/scram-verifier.ts'
import type { DatabaseSpec } from '../provider.ts'
import type { AdminServer } from './admin-server.ts'
import { knownClone } from './clone-capability.ts'
import { type CopyStrategy, copyStrategy } from './copy-strategy.ts'
import { createClosedDatabase } from './create-closed-database.ts'
import { withDatabaseLock } from './database-lock.ts'
import { databaseState } from './database-state.ts'
import { ensureFleetRoles } from './ensure-fleet-roles.ts'
import { OWNER_ROLE } from './fleet-role-names.ts'
import { foreignRefusal } from './foreign-refusal.ts'
import { ensureLoginRole } from './login-role.ts'
import { openDatabase } from './open-database.ts'
import { readDatabase } from './read-database.ts'
import { tenantPlacement } from './tenant-placement.ts'

const PATIENCE_MS = 60_000

/**
 * Clones a template into a tenant's database: login role, closed copy, then mark, rights and opening in one
 * transaction. A repeated call goes on where the last one died, and sets the password.
 * @throws FleetError TEMPLATE_MISSING, DATABASE_FOREIGN, RIGHT_MISSING, DATABASE_IN_USE
 */
export async function createTenantDatabase(server: AdminServer, spec: DatabaseSpec, clock: Clock): Promise<Placement> {
  const { mark } = spec
  const placement = tenantPlacement(server.name, mark)
  const name = placement.database
  const verifier = await scramVerifier(spec.password)
  return server.run((client) =>
    withDatabaseLock(client, { database: name, clock, patience: PATIENCE_MS }, async () => {
      const facts = await readDatabase(client, name)
      const state = databaseState(facts, { mark, owner: OWNER_ROLE })
      if (state === 'foreign') throw foreignRefusal('database', name, server.name, facts?.comment ?? null)
      await ensureFleetRoles(client)
      await ensureLoginRole(client, { name, server: server.name, mark }, { verifier })
      if (state === 'invalid') await client.query(`drop database ${quoteIdentifier(name)}`)
      if (state === 'missing' || state === 'invalid') await copyTemplate(client)
      await client.query(openDatabase({ name, mark, role: name }))
      failpoint('tenant.database-opened')
      const made = await readDatabase(client, name)
      return { ...placement, databaseId: made?.databaseId ?? null }
    }),
  )

  async function copyTemplate(client: ClientBase): Promise<void> {
    if (spec.template === null) throw new Error('A database of PostgreSQL is cloned from a template.')
    const template = spec.template.database
    const strategy = await chooseStrategy(client, template)
    await createClosedDatabase(client, { name, template, owner: OWNER_ROLE, strategy })
    failpoint('tenant.database-created')
  }

  async function chooseStrategy(client: ClientBase, template: string): Promise<CopyStrategy> {
    const { rows } = await client.query<{
      version: number
      templateBytes: number
      open: boolean
      comment: string | null
    }>(
      `select current_setting('server_version_num')::int as version, pg_database_size(d.oid)::float8 as "templateBytes",
              d.datallowconn as open, shobj_description(d.oid, 'pg_database') as comment
         from pg_database d where d.datname = $1`,
      [template],
    )
    const found = rows[0]
    const templateMark = parseMark(found?.comment ?? null)
    if (!found || found.open || templateMark?.kind !== 'template' || templateMark.catalogId !== mark.catalogId) {
      throw new FleetError(
        'TEMPLATE_MISSING',
        `There is no template "${template}" on server "${server.name}" that is ready.`,
      )
    }
    return copyStrategy({ ...found, clone: await knownClone(client), purpose: server.load > 1 ? 'many' : 'one' })
  }
}
