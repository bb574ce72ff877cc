import type { Page } from '../../src/cli/face.ts'
import type { MigrationAssessment } from '../../src/model/assessment.ts'
import type { RolloutEvent } from '../../src/model/events.ts'
import type { RolloutPlan, RolloutStatus } from '../../src/model/rollout.ts'
import { SAFE } from '../support/assessments.ts'

/** A terminal of 80 columns without colours. */
export const page: Page = { width: 80, cut: true, style: (_format, text) => text }

const RISKY: MigrationAssessment = {
  ...SAFE,
  verdict: 'risky',
  restorePoint: true,
  findings: [
    {
      rule: 'drop-column',
      class: 'destructive',
      statement: 1,
      sql: 'alter table "users" drop column "name"',
      line: 4,
      message: 'The values of `users.name` are gone, and every index that contains it; a restore point is taken first.',
      help: 'Make it optional now and drop it once no code uses it.',
      table: 'users',
      lock: 'ACCESS EXCLUSIVE',
      rewrite: false,
      scan: false,
      dataLoss: true,
      restorePoint: true,
      approval: true,
      refused: false,
      source: 'trace',
    },
  ],
}

export const plan: RolloutPlan = {
  digest: 'c41d07aa0123456789',
  target: '0039_split_name',
  migrations: [
    {
      name: '0038_seats_index',
      file: 'migrations/0038_seats_index.ts',
      checksum: 'a',
      transaction: false,
      tenants: 411,
      recompiled: false,
      assessment: SAFE,
    },
    {
      name: '0039_split_name',
      file: 'migrations/0039_split_name.ts',
      checksum: 'b',
      transaction: true,
      tenants: 411,
      recompiled: false,
      assessment: RISKY,
    },
  ],
  versions: [
    {
      version: '0037_add_seats',
      history: ['0037_add_seats'],
      pending: ['0038_seats_index', '0039_split_name'],
      tenants: 411,
    },
  ],
  waves: [
    { name: 'canary', tenants: 4, concurrency: 32, maxFailures: 0, atOnce: 1, onFailure: 'halt' },
    { name: 'early', tenants: 41, concurrency: 32, maxFailures: 0, atOnce: 1, onFailure: 'halt' },
    { name: 'everyone', tenants: 366, concurrency: 64, maxFailures: 7, atOnce: 8, onFailure: 'halt' },
  ],
  scope: { tenants: [], skipTenants: [], tags: {}, waves: [] },
  policy: {
    concurrency: 32,
    perServer: 20,
    failureMode: 'strict',
    attempts: 5,
    transactionMode: 'per-migration',
    replay: true,
    proof: 3,
    restorePoints: 'risky',
    lockTimeout: 3_000,
    statementTimeout: 600_000,
    concurrentTimeout: 7_200_000,
  },
  tenants: 411,
  releases: true,
  skipped: {
    current: 0,
    unmatched: 0,
    pinned: 1,
    pinnedExamples: [{ id: 'megacorp', reason: 'contract freeze until 1 Dec' }],
    notReady: 0,
  },
}

const at = new Date('2026-01-01T00:00:00Z')

/** Stopped on its failure budget, at night. */
export const stopped: RolloutStatus = {
  id: 'r7',
  state: 'paused',
  pauseReason: 'failure-budget',
  pauseNote: '8 failures in wave everyone, 7 allowed.',
  outcome: null,
  direction: 'forward',
  undoes: null,
  undoneBy: null,
  target: plan.target,
  digest: plan.digest,
  createdAt: at,
  startedAt: at,
  finishedAt: null,
  driver: null,
  plan,
  waves: [
    {
      name: 'canary',
      position: 0,
      counts: counts({ succeeded: 4 }),
      concurrency: 32,
      maxFailures: 0,
      startedAt: at,
      finishedAt: new Date(at.getTime() + 41_000),
    },
    {
      name: 'early',
      position: 1,
      counts: counts({ succeeded: 41 }),
      concurrency: 32,
      maxFailures: 0,
      startedAt: at,
      finishedAt: new Date(at.getTime() + 52_000),
    },
    {
      name: 'everyone',
      position: 2,
      counts: counts({ succeeded: 150, failed: 8, pending: 208 }),
      concurrency: 64,
      maxFailures: 7,
      startedAt: at,
      finishedAt: null,
    },
  ],
  failures: [
    {
      migration: '0039_split_name',
      sqlstate: '55P03',
      message: 'lock timeout on users after 5 attempts',
      count: 2,
      example: 'umbrella',
    },
    {
      migration: '0039_split_name',
      sqlstate: '23502',
      message: 'null value in column "last_name" of relation "users" violates not-null constraint',
      count: 6,
      example: 'tenant_0311',
    },
  ],
}

function counts(some: Partial<RolloutStatus['waves'][number]['counts']>) {
  return { pending: 0, running: 0, succeeded: 0, failed: 0, skipped: 0, ...some }
}

type Body<T> = T extends RolloutEvent ? Omit<T, 'at' | 'rolloutId'> : never

/** An event of rollout r7, so many milliseconds after its start. */
export function event(body: Body<RolloutEvent>, ms = 0): RolloutEvent {
  return { at: new Date(at.getTime() + ms).toISOString(), rolloutId: 'r7', ...body } as RolloutEvent
}
