import type { FailureMode, OnFailure, PlannedWave } from '../model/rollout.ts'
import type { Tags } from '../model/tenant.ts'
import { atOnce } from './next-step.ts'

/** Number of tenants, or a share of them in percent. */
export interface Quantity {
  readonly value: number
  readonly unit: 'tenants' | 'percent'
}

/** A wave as configured. */
export interface WavePolicy {
  readonly name: string
  readonly match: Tags | undefined
  readonly size: Quantity | undefined
  readonly maxFailures: Quantity
  readonly onFailure: OnFailure
  readonly concurrency: number | undefined
  readonly optional: boolean
}

/** Returns how many tenants a wave may take at most: a share is of all targeted tenants, rounded up. */
export function resolveSize({ size }: Pick<WavePolicy, 'size'>, targeted: number): number | undefined {
  if (size === undefined) return undefined
  return size.unit === 'tenants' ? size.value : Math.ceil((size.value * targeted) / 100)
}

/** Returns how many tenants of a wave may fail: a share is of the wave, rounded down. */
export function resolveMaxFailures({ value, unit }: Quantity, tenants: number): number {
  return unit === 'tenants' ? value : Math.floor((value * tenants) / 100)
}

/** Resolves a wave to numbers, now that the tenants in it were counted. */
export function planWave(
  wave: WavePolicy,
  tenants: number,
  {
    concurrency,
    failureMode,
    maxFailures,
  }: { concurrency: number; failureMode: FailureMode; maxFailures: Quantity | undefined },
): PlannedWave {
  const allowed = resolveMaxFailures(maxFailures ?? wave.maxFailures, tenants)
  const most = Math.min(wave.concurrency ?? concurrency, concurrency)
  return {
    name: wave.name,
    tenants,
    concurrency: most,
    maxFailures: allowed,
    atOnce: Math.min(tenants, atOnce({ concurrency: most, maxFailures: allowed, failed: 0 }, failureMode)),
    onFailure: wave.onFailure,
  }
}
