import type { RolloutEstimate } from '../model/rehearsal.ts'
import type { RolloutPlan } from '../model/rollout.ts'
import { needsRestorePoint } from '../rollout/needs-restore-point.ts'

/** What one tenant took, in milliseconds. */
export interface Measurement {
  readonly history: readonly string[]
  /** Connecting and migrating. */
  readonly migrateMs: number
  readonly copyMs: number
}

export interface EstimateInput {
  readonly plan: Pick<RolloutPlan, 'versions' | 'waves' | 'policy' | 'migrations'>
  /** Of tenants that came to the end. */
  readonly measured: readonly Measurement[]
  readonly servers: number
  /** How many databases of one server are copied at once. */
  readonly copiesAtOnce: number
}

/**
 * Expects how long a rollout takes if no tenant fails: the mean per starting version, weighted by its tenants, through waves
 * and concurrency. A version that was not measured counts as the mean of all. Tenants were measured one at a time: that they
 * slow each other down is not in it. Undefined: nothing was measured.
 */
export function estimateRollout(input: EstimateInput): RolloutEstimate | undefined {
  const { plan, measured } = input
  if (measured.length === 0) return undefined
  const all = plan.versions.reduce((sum, { tenants }) => sum + tenants, 0)
  const versions = plan.versions.map(({ history, pending, tenants }) => {
    const key = JSON.stringify(history)
    const own = measured.filter((it) => JSON.stringify(it.history) === key)
    const takesPoint = needsRestorePoint(plan, pending) !== 'none'
    const used = own.length > 0 ? own : measured
    return {
      share: tenants / all,
      own: own.length,
      copyMs: takesPoint ? mean(used.map((it) => it.copyMs)) : 0,
      migrateMs: mean(used.map((it) => it.migrateMs)),
      costs: own.map((it) => it.migrateMs + (takesPoint ? it.copyMs : 0)),
    }
  })
  const copyMs = versions.reduce((sum, it) => sum + it.share * it.copyMs, 0)
  const migrateMs = versions.reduce((sum, it) => sum + it.share * it.migrateMs, 0)
  const tenantMs = copyMs + migrateMs
  const ms = durationOf({ copyMs, migrateMs }, input)
  const halfWidth = halfWidthOf(versions)
  // The duration is proportional to the mean; nothing is expected to be faster than the fastest that was seen.
  const least = Math.min(...versions.flatMap(({ costs }) => costs))
  const scaled = (mean: number) => (tenantMs === 0 ? 0 : (ms * mean) / tenantMs)
  const interval =
    halfWidth === undefined
      ? null
      : {
          lowMs: Math.round(scaled(Math.min(tenantMs, Math.max(least, tenantMs - halfWidth)))),
          highMs: Math.round(scaled(tenantMs + halfWidth)),
        }
  return { ms: Math.round(ms), interval, tenantMs: Math.round(tenantMs), measured: measured.length }
}

/** Waves one after the other; in each the first that must prove what was recorded one at a time, the others at once. */
function durationOf(
  { copyMs, migrateMs }: { readonly copyMs: number; readonly migrateMs: number },
  { plan, servers, copiesAtOnce }: EstimateInput,
): number {
  const { policy } = plan
  const isReplayed = policy.replay && plan.migrations.some(({ assessment }) => assessment.kind === 'static')
  let proofs = isReplayed ? policy.proof : 0
  let sum = 0
  for (const { tenants, atOnce } of plan.waves) {
    const alone = Math.min(proofs, tenants)
    proofs -= alone
    const rest = tenants - alone
    const places = Math.max(1, Math.min(atOnce, policy.perServer * servers))
    const copies = Math.max(1, Math.min(places, copiesAtOnce * servers))
    sum += alone * (copyMs + migrateMs)
    sum += Math.max(Math.ceil(rest / places) * (copyMs + migrateMs), Math.ceil(rest / copies) * copyMs)
  }
  return sum
}

interface VersionCosts {
  readonly share: number
  readonly own: number
  readonly costs: readonly number[]
}

/** Half the 95 % confidence interval of the weighted mean: Student's t, with the variance within versions where there is one. */
function halfWidthOf(versions: readonly VersionCosts[]): number | undefined {
  const groups = versions.map(({ costs }) => costs).filter((it) => it.length > 0)
  const count = groups.flat().length
  const within = count - groups.length
  const [squares, degrees] =
    within > 0
      ? [groups.reduce((sum, costs) => sum + squaresOf(costs), 0), within]
      : [squaresOf(groups.flat()), count - 1]
  if (degrees < 1) return undefined
  const variance = squares / degrees
  const ofMean = versions.reduce((sum, { share, own }) => sum + (share ** 2 * variance) / Math.max(1, own), 0)
  return studentT(degrees) * Math.sqrt(ofMean)
}

function squaresOf(values: readonly number[]): number {
  const center = mean(values)
  return values.reduce((sum, it) => sum + (it - center) ** 2, 0)
}

function mean(values: readonly number[]): number {
  return values.length === 0 ? 0 : values.reduce((sum, it) => sum + it, 0) / values.length
}

/** The 97.5 % quantile of Student's t, by degrees of freedom from 1. */
const T = [
  12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201, 2.179, 2.16, 2.145, 2.131, 2.12, 2.11,
  2.101, 2.093, 2.086, 2.08, 2.074, 2.069, 2.064, 2.06, 2.056, 2.052, 2.048, 2.045, 2.042,
]

/** Beyond the table it is a little too wide. */
function studentT(degrees: number): number {
  return T[Math.min(degrees, T.length) - 1] ?? 12.706
}
