import { readReleasedVersion } from '../catalog/meta.ts'
import { findLatest } from '../catalog/rollouts.ts'
import { countByHistory, countByServer, countByState } from '../catalog/tenant-counts.ts'
import { readAnySecret } from '../catalog/tenants.ts'
import { pendingMigrations } from '../migrations/pending-migrations.ts'
import { FleetError } from '../model/errors.ts'
import type { CheckResult, FleetStatus } from '../model/fleet-status.ts'
import { versionOf } from '../model/tenant.ts'
import type { Diagnosis } from '../providers/provider.ts'
import { checkVersion } from '../provisioning/check-version.ts'
import { readRolloutStatus } from '../rollout/rollout-status.ts'
import { createContext, type Parts } from './parts.ts'

/** Sample of tenants whose own history `check` reads unless told otherwise. */
const SAMPLE = 20

/** Reads the state of the fleet from the catalog: counts only, whatever its size. */
export async function readFleetStatus({ catalog, config, provider, files, clock }: Parts): Promise<FleetStatus> {
  const { db } = catalog
  const available = (await files.list()).map((it) => it.name)
  const [states, servers, histories, released, latest] = await Promise.all([
    countByState(db),
    countByServer(db),
    countByHistory(db),
    readReleasedVersion(db),
    findLatest(db),
  ])
  const lacking = new Map<string, number>()
  const versions = new Map<string | null, { tenants: number; behind: number | null }>()
  for (const { names, tenants } of histories) {
    const pending = pendingMigrations({ available, history: names, allowUnordered: config.migrations.allowUnordered })
    const behind = pending.kind === 'pending' ? pending.migrations : null
    for (const name of behind ?? []) lacking.set(name, (lacking.get(name) ?? 0) + tenants)
    const version = versionOf(names)
    versions.set(version, { tenants: (versions.get(version)?.tenants ?? 0) + tenants, behind: behind?.length ?? null })
  }
  return {
    fleet: config.name,
    provider: provider.kind,
    tenants: servers.reduce((sum, it) => sum + it.tenants, 0),
    servers,
    states: { creating: 0, ready: 0, deleting: 0, deleted: 0, failed: 0, ...states },
    versions: [...versions]
      .map(([version, it]) => ({ version, ...it }))
      .sort((a, b) => available.indexOf(b.version ?? '') - available.indexOf(a.version ?? '')),
    pinned: histories.reduce((sum, it) => sum + it.pinned, 0),
    released,
    newest: available.at(-1) ?? null,
    pending: available.filter((name) => lacking.has(name)).map((name) => ({ name, tenants: lacking.get(name) ?? 0 })),
    rollout: latest === undefined ? null : await readRolloutStatus(db, latest, clock),
  }
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
    ...(await provider.diagnose()),
  ]
}

async function diagnose(subject: string, look: () => Promise<string>): Promise<Diagnosis> {
  try {
    return { subject, verdict: 'ok', message: await look() }
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error)
    return { subject, verdict: 'error', message, ...(error instanceof FleetError ? { remedy: error.remedy } : {}) }
  }
}
