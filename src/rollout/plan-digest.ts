import { createHash } from 'node:crypto'
import type { MigrationAssessment } from '../model/assessment.ts'
import type { PlannedVersion, RolloutPlan, RolloutPolicy, RolloutScope, UndoPlan } from '../model/rollout.ts'
import type { Quantity, WavePolicy } from './waves.ts'

export interface Intent {
  readonly target: string | null
  /** Every migration up to the target, in order. */
  readonly migrations: readonly { readonly name: string; readonly checksum: string }[]
  readonly waves: readonly WavePolicy[]
  readonly orderBy: string | undefined
  readonly scope: RolloutScope
  readonly policy: RolloutPolicy
}

/** Names what is asked for, whatever the state of the fleet: a rollout under way is recognised by it. */
export function intentOf({ target, migrations, waves, orderBy, scope, policy }: Intent): string {
  return hash([
    target,
    migrations.map(({ name, checksum }) => [name, checksum]),
    waves.map((wave) => [
      wave.name,
      sorted(wave.match),
      wave.size ?? null,
      wave.maxFailures,
      wave.onFailure,
      wave.concurrency ?? null,
      wave.optional,
    ]),
    [[...scope.tenants].sort(), [...scope.skipTenants].sort(), sorted(scope.tags), [...scope.waves].sort()],
    [orderBy ?? null, sorted({ ...policy })],
  ])
}

/** What a plan is named by, besides what is asked for. */
export interface DigestInput {
  readonly versions: readonly Pick<PlannedVersion, 'history' | 'pending'>[]
  readonly migrations: readonly {
    readonly name: string
    readonly assessment: Pick<MigrationAssessment, 'sqlChecksum'>
  }[]
  readonly tagsGeneration: number
}

/**
 * Names a plan: what is asked for, what the migrations send, the set of starting histories with what each gets, and the
 * tags by which waves were filled. How many tenants there are is left out, so that one created or deleted meanwhile does
 * not make it another plan.
 */
export function digestOf(intent: string, { versions, migrations, tagsGeneration }: DigestInput): string {
  return hash([
    intent,
    tagsGeneration,
    migrations.map(({ name, assessment }) => [name, assessment.sqlChecksum]),
    versions.map(({ history, pending }) => JSON.stringify([history, pending])).sort(),
  ]).slice(0, 12)
}

/** What is asked for with an undo. */
export interface UndoInput {
  readonly withLater: boolean
  readonly acceptDataLoss: boolean
  /** An absolute path. */
  readonly salvage: string | undefined
  readonly concurrency: number | undefined
  /** In place of every wave's own. */
  readonly maxFailures: Quantity | undefined
  /** Take tenants back by `down` migrations where that loses nothing. */
  readonly prefer: 'down' | undefined
}

/** Names what is asked for: an undo under way is recognised by it. */
export function undoIntentOf(of: number, input: UndoInput): string {
  const { withLater, acceptDataLoss, salvage = null, concurrency = null, maxFailures = null, prefer = null } = input
  return hash(['undo', of, withLater, acceptDataLoss, salvage, concurrency, maxFailures, prefer])
}

/** Names what an undo would do. How many tenants stay, or go which way, is left out, as their number is of every plan. */
export function undoDigestOf(
  { stranded: _stranded, strandedExamples: _examples, beyond: _beyond, byDown: _byDown, ...named }: UndoPlan,
  { policy, waves }: Pick<RolloutPlan, 'policy' | 'waves'>,
): string {
  return hash([
    named,
    policy,
    waves.map(({ name, concurrency, maxFailures }) => [name, concurrency, maxFailures]),
  ]).slice(0, 12)
}

function sorted(record: Readonly<Record<string, unknown>> | undefined): unknown {
  return record === undefined ? null : Object.entries(record).sort(([a], [b]) => (a < b ? -1 : 1))
}

function hash(value: unknown): string {
  return createHash('sha256').update(JSON.stringify(value)).digest('hex')
}
