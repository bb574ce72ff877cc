import { joinRollout } from '../catalog/joiners.ts'
import { holdRollouts } from '../catalog/meta.ts'
import { type Creation, finishTenant } from '../catalog/tenant-creation.ts'
import { findTenant } from '../catalog/tenants.ts'
import { type ApplyOutcome, applyMigrations } from '../migrations/apply-migrations.ts'
import type { Migration } from '../migrations/migration.ts'
import { FleetError } from '../model/errors.ts'
import type { Placement, Tags } from '../model/tenant.ts'
import { migrationsForNewTenants, type TemplateContext } from './template.ts'

/** A tenant whose database is there. */
export interface MadeTenant extends Creation {
  readonly tags: Tags
  readonly placement: Placement
  readonly history: readonly string[]
}

/**
 * Makes a tenant ready at the released version, and a joiner of the rollout that is under way, in one transaction. A
 * rollout that was completed while its database was made has moved that version: then the tenant is brought there first.
 * @throws FleetError MIGRATION_FAILED; TENANT_EXISTS when another process was faster, or has removed it
 */
export async function makeReady({ tags, ...made }: MadeTenant, context: TemplateContext): Promise<void> {
  let { history } = made
  for (;;) {
    const lacking = await migrationsLacked(history, context)
    if (lacking.length > 0) history = await bringForward({ ...made, tags, history }, lacking, context)
    const done = await context.db.transaction().execute(async (tx) => {
      await holdRollouts(tx)
      if ((await migrationsLacked(history, { ...context, db: tx })).length > 0) return false
      if (!(await finishTenant(tx, { ...made, history }))) throw finishedElsewhere(made.id)
      await joinRollout(tx, { id: made.id, tags, server: made.placement.server, history })
      return true
    })
    if (done) return
  }
}

/**
 * Making a database may take long, and somebody may have finished the tenant meanwhile, or given it up.
 * @throws FleetError TENANT_EXISTS, TENANT_STATE
 */
export async function refuseSettled(id: string, { db }: Pick<TemplateContext, 'db'>): Promise<void> {
  const tenant = await findTenant(db, id)
  if (tenant?.state === 'ready') throw finishedElsewhere(id)
  if (tenant?.state !== 'creating')
    throw new FleetError(
      'TENANT_STATE',
      `Tenant "${id}" is ${tenant?.state ?? 'gone'}: somebody has deleted it meanwhile.`,
    )
}

/** What is said to whoever was slower. */
export function finishedElsewhere(id: string): FleetError {
  return new FleetError('TENANT_EXISTS', `Another process has finished or removed tenant "${id}" meanwhile.`)
}

async function migrationsLacked(
  history: readonly string[],
  context: Pick<TemplateContext, 'db' | 'migrations'>,
): Promise<readonly Migration[]> {
  return (await migrationsForNewTenants(context)).filter((it) => !history.includes(it.name))
}

async function bringForward(
  { id, placement, history }: MadeTenant,
  pending: readonly Migration[],
  context: TemplateContext,
): Promise<readonly string[]> {
  const outcome: ApplyOutcome = await applyMigrations({
    connection: await context.provider.connect(placement),
    applicationName: `fleet/create/${id}`,
    expected: history,
    pending,
    tables: context.tables,
    ownerRole: placement.ownerRole,
    timeouts: context.timeouts,
  })
  if (outcome.kind === 'applied') return outcome.history
  throw new FleetError(
    'MIGRATION_FAILED',
    `${outcome.migration ?? 'A migration'} failed on tenant "${id}": ${outcome.message}.`,
  )
}
