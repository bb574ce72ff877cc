import type { ServiceWork } from '../../model/service-cost.ts'
import { explained } from './explained.ts'
import { ownerPrefix, parseNeonName, sameOwner } from './names.ts'
import type { NeonAccount } from './neon-account.ts'

const HOUR_MS = 3_600_000
/** Left between the end of what is promised and that of the history window. */
const MARGIN_MS = HOUR_MS
/** Of 400 projects each: as many as a few seconds suffice for. */
const MOST_PAGES = 10

/** How far back the histories of a fleet's tenants reach, by their projects. */
export interface HistoryWindows {
  /** In milliseconds, one for each tenant that was looked at and of which Neon says it. */
  readonly windows: readonly number[]
  /** Whether there are tenants that were not looked at. */
  readonly isSample: boolean
}

/** What is promised of restore points. Times are in milliseconds. */
export interface PromisedPoints extends Pick<ServiceWork, 'waves'> {
  /** How long the rollout takes. */
  readonly lengthMs: number
  /** How long after it restore points are kept. */
  readonly keep: number
}

/** What does not fit into the history windows, in sentences. */
export interface WindowVerdict {
  readonly warnings: readonly string[]
  /** Why the rollout should not start: some tenants could not be returned even at its end. Null: none could not. */
  readonly refusal: string | null
}

/**
 * Looks at the history windows of the tenants of a fleet and catalog: of all where that takes seconds, else of a sample.
 * @throws FleetError as `explained`
 */
export async function readHistoryWindows(owner: ServiceWork['owner'], account: NeonAccount): Promise<HistoryWindows> {
  return explained('The projects were not listed', async () => {
    const windows: number[] = []
    let pages = 0
    for await (const { projects } of account.projects(ownerPrefix(owner))) {
      // Known only when another one comes.
      if (pages === MOST_PAGES) return { windows, isSample: true }
      pages += 1
      for (const { name, historyRetentionSeconds: seconds } of projects) {
        const mark = parseNeonName(name)
        if (seconds !== null && mark?.kind === 'tenant' && sameOwner(mark, owner)) windows.push(seconds * 1_000)
      }
    }
    return { windows, isSample: false }
  })
}

/**
 * Compares what is promised with the history windows. A restore to the tenant's own history reaches no further back; what is older
 * can only be read out of its restore point. The first waves are those that wait longest for the end of the rollout.
 */
export function judgeWindows(
  { windows, isSample }: HistoryWindows,
  { waves, lengthMs, keep }: PromisedPoints,
): WindowVerdict {
  const shortest = Math.min(...windows)
  const all = waves.reduce((sum, { tenants }) => sum + tenants, 0)
  const ages = waves.map(({ name }, index) => {
    const later = waves.slice(index).reduce((sum, { tenants }) => sum + tenants, 0)
    return { name, atEnd: (all === 0 ? 0 : (lengthMs * later) / all) + MARGIN_MS }
  })
  const short = (extra: number): string | undefined => {
    const beyond = ages.filter(({ atEnd }) => atEnd + extra > shortest)
    const needed = Math.max(...beyond.map(({ atEnd }) => atEnd + extra))
    if (beyond.length === 0) return undefined
    const tenants = windows.filter((it) => it < needed).length
    // Also of tenants that the rollout leaves out, or that are being deleted.
    const of = `${tenants} of ${windows.length} projects of the fleet${isSample ? ' that were looked at' : ''}`
    const names = beyond.map(({ name }) => `"${name}"`).join(', ')
    return `${of} keep too little history, the least ${hours(shortest)}: in ${beyond.length === 1 ? 'wave' : 'waves'} ${names} a restore point has to be reached for ${hours(needed)}, ${hours(needed - shortest)} more`
  }
  const hopeless = short(0)
  if (hopeless !== undefined)
    return {
      warnings: [],
      refusal: `${hopeless}, until the rollout has ended: by then they could not be returned to what they were.`,
    }
  const missing = short(keep)
  if (missing === undefined) return { warnings: [], refusal: null }
  return {
    warnings: [
      `${missing}, with \`restorePoints.keep\` and an hour to spare. A later restore is refused; then rows can only be read out of the restore point. Raise the history window of the projects (\`historyRetention\` for new ones), or shorten \`restorePoints.keep\`.`,
    ],
    refusal: null,
  }
}

function hours(ms: number): string {
  return `${Math.ceil(ms / HOUR_MS)} h`
}
