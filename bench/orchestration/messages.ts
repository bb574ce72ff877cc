import type { Address } from '../../src/model/connection.ts'
import type { WavePolicy } from '../../src/rollout/waves.ts'

/** Its catalog is a database of its own. */
export const FLEET = 'benchlarge'

const wave = (name: string, match: WavePolicy['match']): WavePolicy => ({
  name,
  match,
  size: undefined,
  maxFailures: { value: 0, unit: 'tenants' },
  onFailure: 'halt',
  concurrency: undefined,
  optional: false,
})

/** One wave per ring, as `seedCatalog` spreads the tenants. */
export const WAVES: readonly WavePolicy[] = [
  wave('canary', { ring: 'internal' }),
  wave('early', { ring: 'early' }),
  wave('everyone', undefined),
]

/** What the driving process is to do; in a message, so that the password stands in no argument. */
export interface ToDriver {
  readonly catalog: Address
  readonly password: string
  readonly tenants: number
  readonly concurrency: number
}

/** What the driving process reports; times are in milliseconds. */
export type FromDriver =
  | { readonly kind: 'started'; readonly planMs: number; readonly startMs: number }
  /** Another tenth of the tenants is done. */
  | { readonly kind: 'tenth'; readonly succeeded: number; readonly ms: number }
  | { readonly kind: 'finished'; readonly driveMs: number; readonly maxRssMb: number; readonly cpuMs: number }
