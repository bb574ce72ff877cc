import { openCatalog } from '../../src/catalog/open-catalog.ts'
import { createInProcessEngine } from '../../src/engine/in-process-engine.ts'
import { systemClock } from '../../src/lib/clock.ts'
import { programVersion } from '../../src/lib/program-version.ts'
import { loadMigrations } from '../../src/migrations/load-migrations.ts'
import type { ConnectionDescriptor } from '../../src/model/connection.ts'
import { Secret } from '../../src/model/secret.ts'
import { type DriveContext, driveRollout } from '../../src/rollout/drive-rollout.ts'
import { completePlan, type DraftRollout, draftRollout } from '../../src/rollout/plan-rollout.ts'
import { startRollout } from '../../src/rollout/start-rollout.ts'
import { MIGRATIONS_FOLDER } from '../migrations-folder.ts'
import { time } from '../statistics.ts'
import { FLEET, type FromDriver, type ToDriver, WAVES } from './messages.ts'

/**
 * The process that drives: plans, starts and drives a rollout whose migrate step does nothing, and tells its parent.
 * A process of its own, so that its memory is only what a rollout needs.
 */
process.once('message', (message) => {
  void orchestrate(message as ToDriver).finally(() => process.disconnect())
})

async function orchestrate({ catalog: address, password, tenants, concurrency }: ToDriver): Promise<void> {
  const to: ConnectionDescriptor = { ...address, password: new Secret(password) }
  const catalog = await openCatalog(to, { fleet: FLEET, programVersion: programVersion(), upgrade: false })
  const { db } = catalog
  const migrations = await loadMigrations({ folder: MIGRATIONS_FOLDER, root: process.cwd() })
  let succeeded = 0
  let lap = performance.now()
  const context: DriveContext = {
    db,
    clock: systemClock,
    attend: async () => async () => {},
    connect: async () => to,
    migrations,
    allowUnordered: false,
    tables: { table: 'kysely_migration', lockTable: 'kysely_migration_lock', schema: undefined },
    plugins: [],
    recordingsOf: async () => new Map(),
    onBackend: () => () => {},
    finishSalvage: async () => {},
    restore: () => Promise.reject(new Error('nothing is taken back')),
    takeRestorePoint: async () => '',
    readHistories: async () => {},
    apply: async ({ expected, pending }) => {
      const applied = pending.map((it) => it.name)
      return { kind: 'applied', history: [...expected, ...applied], applied }
    },
    createEngine: ({ onError }) => createInProcessEngine({ clock: systemClock, onError }),
    publish: ({ type }) => {
      if (type !== 'tenant.succeeded') return
      succeeded += 1
      if (succeeded % Math.ceil(tenants / 10) > 0 && succeeded < tenants) return
      tell({ kind: 'tenth', succeeded, ms: performance.now() - lap })
      lap = performance.now()
    },
  }
  const draft = () =>
    draftRollout({
      db,
      migrations,
      sqlChecksumsOf: async () => new Map(),
      allowUnordered: false,
      to: undefined,
      again: false,
      scope: { tenants: [], skipTenants: [], tags: {}, waves: [] },
      waves: WAVES,
      orderBy: undefined,
      maxFailures: undefined,
      policy: {
        concurrency,
        perServer: 20,
        failureMode: 'soft',
        attempts: 5,
        transactionMode: 'per-migration',
        replay: false,
        proof: 0,
        restorePoints: 'never',
        lockTimeout: 3_000,
        statementTimeout: 600_000,
        concurrentTimeout: 7_200_000,
      },
    })
  try {
    const planMs = await time(draft)
    const start = performance.now()
    const started = await startRollout(context, {
      draft,
      assess,
      digest: undefined,
      force: false,
      supersede: undefined,
    })
    if (started.kind !== 'drive') throw new Error(`Nothing to drive: ${started.kind}.`)
    tell({ kind: 'started', planMs, startMs: performance.now() - start })
    lap = performance.now()
    const signal = new AbortController().signal
    const driveMs = await time(() => driveRollout(started.row, context, { wait: false, signal }))
    if (succeeded !== tenants) throw new Error(`${succeeded} of ${tenants} tenants succeeded.`)
    const { maxRSS, userCPUTime, systemCPUTime } = process.resourceUsage()
    // maxRSS is in KiB on every system.
    tell({ kind: 'finished', driveMs, maxRssMb: maxRSS / 1024, cpuMs: (userCPUTime + systemCPUTime) / 1000 })
  } finally {
    await catalog.close()
  }
}

/** The migrate step does nothing: there is nothing to look into. */
async function assess(draft: DraftRollout) {
  const safe = { kind: 'static', verdict: 'safe', sqlChecksum: null, restorePoint: false } as const
  const nothing = { reasons: [], findings: [], waived: [], unusedWaivers: [], tracedOn: null, notTraced: null }
  return completePlan(draft, new Map(draft.draft.migrations.map(({ name }) => [name, { ...safe, ...nothing }])))
}

function tell(message: FromDriver): void {
  process.send?.(message)
}
