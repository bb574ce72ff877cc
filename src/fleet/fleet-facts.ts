import { listAbandonedClosures } from '../catalog/closures.ts'
import { listWithdrawn } from '../catalog/known-migrations.ts'
import { readReleasedVersion } from '../catalog/meta.ts'
import { countWithoutReach, type WithoutReach } from '../catalog/restore-point-reach.ts'
import { findLatest } from '../catalog/rollouts.ts'
import { countByState, countTenants } from '../catalog/tenant-counts.ts'
import { readAnySecret } from '../catalog/tenants.ts'
import { pendingMigrations } from '../migrations/pending-migrations.ts'
import { isWithdrawn, migrationsReleased } from '../migrations/plan-target.ts'
import type { AbandonedClosure } from '../model/closure.ts'
import type { Diagnosis } from '../model/diagnosis.ts'
import { FleetError } from '../model/errors.ts'
import type { CheckResult, FleetStatus } from '../model/fleet-status.ts'
import { versionOf } from '../model/tenant.ts'
import type { TenantState } from '../model/tenant-state.ts'
import { quoteIdentifier } from '../postgres/identifiers.ts'
import { checkVersion } from '../provisioning/check-version.ts'
import { readRolloutStatus } from '../rollout/rollout-status.ts'
import { createContext, type Parts } from './parts.ts'

/** Sample of tenants whose own history `check` reads unless told otherwise. */
const SAMPLE = 20

/** Reads the state of the fleet from the catalog: counts only, whatever its size. */
export async function readFleetStatus({ catalog, config, provider, files, clock }: Parts): Promise<FleetStatus> {
  const { db } = catalog
  const atHand = await files.list()
  const available = atHand.map((it) => it.name)
  const [groups, released, latest, withdrawn] = await Promise.all([
    countTenants(db),
    readReleasedVersion(db),
    findLatest(db),
    listWithdrawn(db),
  ])
  const given = migrationsReleased(atHand, { withdrawn, released })
  const lacking = new Map<string, number>()
  const versions = new Map<string | null, { tenants: number; behind: number | null }>()
  for (const { history, tenants } of groups.filter((it) => it.state === 'ready')) {
    const pending = pendingMigrations({ available, history, allowUnordered: config.migrations.allowUnordered })
    const behind = pending.kind === 'pending' ? pending.migrations : null
    for (const name of behind ?? []) lacking.set(name, (lacking.get(name) ?? 0) + tenants)
    const version = versionOf(history)
    const before = versions.get(version)?.tenants ?? 0
    versions.set(version, { tenants: before + tenants, behind: behind?.length ?? null })
  }
  const count = (state: TenantState) =>
    total(
      groups.filter((it) => it.state === state),
      'tenants',
    )
  return {
    fleet: config.name,
    provider: provider.kind,
    tenants: total(groups, 'tenants'),
    servers: [...new Set(groups.map((it) => it.server))].map((server) => ({
      server,
      tenants: total(
        groups.filter((it) => it.server === server),
        'tenants',
      ),
    })),
    states: {
      creating: count('creating'),
      ready: count('ready'),
      deleting: count('deleting'),
      failed: count('failed'),
    },
    versions: [...versions]
      .map(([version, it]) => ({ version, ...it }))
      .sort((a, b) => available.indexOf(b.version ?? '') - available.indexOf(a.version ?? '')),
    pinned: total(
      groups.filter((it) => it.state === 'ready'),
      'pinned',
    ),
    released,
    // A file that is gone is told by who needs it.
    newTenantsGet: given === undefined ? released : (given.at(-1)?.name ?? null),
    newest: available.at(-1) ?? null,
    pending: atHand
      .filter(({ name }) => lacking.has(name))
      .map((file) => ({
        name: file.name,
        tenants: lacking.get(file.name) ?? 0,
        withdrawn: isWithdrawn(file, withdrawn),
      })),
    rollout: latest === undefined ? null : await readRolloutStatus(db, latest, clock),
  }
}

function total<K extends string>(rows: readonly Readonly<Record<K, number>>[], key: K): number {
  return rows.reduce((sum, row) => sum + row[key], 0)
}

/** Says whether every tenant has a migration. @throws FleetError MIGRATION_UNKNOWN */
export async function checkFleet(
  { atLeast, verify = SAMPLE }: { atLeast: string; verify?: number | 'all' },
  parts: Parts,
): Promise<CheckResult> {
  const { catalog, config, clock, connect, files } = parts
  const available = (await files.list()).map((it) => it.name)
  const { publish } = createContext(parts)
  return checkVersion(
    { atLeast, verify, available },
    { db: catalog.db, connect, tables: config.migrations, clock, publish },
  )
}

/** Looks at everything that the fleet needs, and says what to do where something is missing. */
export async function doctor(parts: Parts): Promise<readonly Diagnosis[]> {
  const { catalog, config, provider, files } = parts
  const { ready = 0 } = await countByState(catalog.db)
  return [
    {
      subject: 'catalog',
      verdict: 'ok',
      message: `${catalog.id} at ${catalog.schemaVersion}, ${ready} tenants ready.`,
    },
    await diagnose('migrations', async () => `${(await files.load()).length} files in ${config.migrations.folder}.`),
    await diagnose('secret key', async () => {
      const sealed = await readAnySecret(catalog.db)
      // Sealing tells whether there is a key, opening whether it is the right one.
      parts.unseal(sealed ?? parts.seal(''))
      return sealed === undefined
        ? 'There, and nothing is encrypted with it yet.'
        : 'It opens the passwords that the catalog keeps.'
    }),
    ...(await listAbandonedClosures(catalog.db)).map(diagnoseClosure),
    ...(await provider.diagnose()),
    ...(provider.positions === undefined ? [] : (await countWithoutReach(catalog.db)).map(diagnoseReach)),
  ]
}

/** Told by the catalog, so that nobody is asked about each tenant. */
function diagnoseReach({ why, tenants, examples }: WithoutReach): Diagnosis {
  const who = `${tenants === 1 ? '1 tenant' : `${tenants} tenants`}: ${examples.join(', ')}${tenants > examples.length ? ', …' : ''}.`
  return {
    subject: 'restore points',
    verdict: 'warning',
    ...(why === 'ended'
      ? {
          message: `They returned to what a restore had kept, and can have no restore points and no restores any more: ${who}`,
          remedy:
            'Move each to a new tenant by dump and restore. Until then, back them up by other means, and roll risky migrations out to them with `--take-restore-points never`.',
        }
      : {
          message: `Nobody said how far the history of these reaches, so they may get no restore points: ${who}`,
          remedy:
            'Try `fleet restore-point create`. Where it is refused, move the tenant to a new one by dump and restore.',
        }),
  }
}

/** What opening the fleet has not lifted by now. */
function diagnoseClosure({ server, database, pooler, entry, by, since }: AbandonedClosure): Diagnosis {
  return {
    subject: `server ${server}`,
    verdict: 'error',
    message: `Clients of database "${database}" may be waiting at PgBouncer ${pooler} since ${since.toISOString()}: ${by} has not let them go on.`,
    remedy: `Run any \`fleet\` command when that console can be reached, or say there: RESUME ${quoteIdentifier(entry)};`,
  }
}

async function diagnose(subject: string, look: () => Promise<string>): Promise<Diagnosis> {
  try {
    return { subject, verdict: 'ok', message: await look() }
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error)
    return { subject, verdict: 'error', message, ...(error instanceof FleetError ? { remedy: error.remedy } : {}) }
  }
}
