import type { Assignment } from '../catalog/assign-waves.ts'
import { countNotRehearsable, listCandidates, type RehearsalCandidate } from '../catalog/rehearsal-candidates.ts'
import { endRehearsal, formatRehearsalId, insertRehearsal, renewRehearsal } from '../catalog/rehearsals.ts'
import { thisProcess } from '../lib/process-identity.ts'
import { FleetError } from '../model/errors.ts'
import type { RehearsalEvent, Unstamped } from '../model/events.ts'
import { causeOf } from '../model/failure-cause.ts'
import type { NotRehearsable, Rehearsal, RehearsalReport, RehearsedTenant, SampledTenant } from '../model/rehearsal.ts'
import type { FailureGroup, PlannedVersion, RolloutPlan } from '../model/rollout.ts'
import { type Placement, versionOf } from '../model/tenant.ts'
import type { Provider } from '../providers/provider.ts'
import { chooseSample } from './choose-sample.ts'
import { dropLeftBranches } from './drop-branches.ts'
import { estimateRollout } from './estimate-rollout.ts'
import type { RehearsalContext } from './rehearsal-context.ts'
import { givenUp, rehearseTenant } from './rehearse-tenant.ts'

export interface RehearseInput {
  readonly plan: RolloutPlan
  readonly assignment: Assignment
  /** How many tenants at most. */
  readonly tenants: number
  /** Whether tenants without a restore point may be copied, too: they are closed to their clients meanwhile. */
  readonly closesTenants: boolean
  /** Asked before anything is made; false: leave it at that. */
  readonly confirm: (sample: readonly SampledTenant[]) => Promise<boolean>
  /** Aborting it ends the rehearsal; its branch is dropped. */
  readonly signal: AbortSignal
}

const HEARTBEAT_MS = 5_000

/**
 * Tries a plan on copies of some of its tenants, one after the other, and says what that came to. First removes what
 * rehearsals have left whose process is dead.
 * @throws FleetError REHEARSAL_IMPOSSIBLE when no tenant could be tried, REHEARSAL_INTERRUPTED, and what the provider throws
 */
export async function rehearseRollout(input: RehearseInput, context: RehearsalContext): Promise<Rehearsal> {
  const { plan, confirm, signal } = input
  const { db, clock } = context
  await dropLeftBranches(context)
  const leftOut = await countNotRehearsable(db, input)
  const sample = await takeSample(input, context)
  if (sample.length === 0) throw impossible(leftOut)
  if (signal.aborted || !(await confirm(sample.map(({ sampled }) => sampled)))) throw interrupted()
  const id = await insertRehearsal(db, plan.digest, thisProcess())
  const lost = new AbortController()
  const stopBeating = clock.every(HEARTBEAT_MS, () => {
    // A catalog that does not answer has not given it up.
    void renewRehearsal(db, id)
      .then((isOurs) => isOurs || lost.abort())
      .catch(() => {})
  })
  try {
    const tenants = await rehearseAll(sample, { ...input, id, signal: AbortSignal.any([signal, lost.signal]) }, context)
    if (tenants.every(({ outcome }) => outcome === 'unknown')) throw impossible(leftOut, tenants)
    const report = reportOf(tenants, leftOut, input, context)
    const verb = tenants.some(({ outcome }) => outcome === 'failed') ? 'fail' : 'pass'
    if (!(await endRehearsal(db, id, verb, report))) throw givenUp(id)
    const state = verb === 'fail' ? 'failed' : 'passed'
    const { failures, estimate } = report
    publish({ type: 'rehearsal.finished', rehearsalId: formatRehearsalId(id), state, failures, estimate }, context)
    return { id: formatRehearsalId(id), state, digest: plan.digest, ...report }
  } catch (error) {
    await endRehearsal(db, id, 'abandon')
    if (lost.signal.aborted) throw givenUp(id)
    throw signal.aborted ? interrupted() : error
  } finally {
    stopBeating()
  }
}

interface Sampled {
  readonly candidate: RehearsalCandidate
  readonly sampled: SampledTenant
}

async function takeSample(input: RehearseInput, { db, provider }: RehearsalContext): Promise<readonly Sampled[]> {
  const { plan, tenants: size } = input
  const candidates = await listCandidates(db, { ...input, size })
  const known = []
  for (const candidate of candidates) {
    const { point, placement } = candidate
    const cost = point === null ? await costOf(placement, provider) : { bytes: point.bytes, closedMs: 0 }
    known.push({ ...candidate, ...cost })
  }
  const histories = byTenants(plan).map(({ history }) => history)
  return chooseSample(known, { size, histories }).map(({ tenant: { bytes, closedMs, ...candidate }, reason }) => {
    const { tenantId, point, history } = candidate
    const source =
      point === null
        ? { kind: 'tenant' as const, estimatedMs: closedMs }
        : { kind: 'restore-point' as const, id: point.id, readyAt: point.readyAt }
    return { candidate, sampled: { tenantId, reason, version: versionOf(history), history, source, bytes } }
  })
}

/** A database that cannot be looked at is found out about when it is copied. */
async function costOf(
  { server, database }: Placement,
  provider: Provider,
): Promise<{ bytes: number; closedMs: number }> {
  try {
    const [copy] = (await provider.foreseeCopies(server, [database])).copies
    if (copy === undefined) return NOTHING
    const { method, bytes, closes } = copy
    return { bytes, closedMs: closes ? provider.guessCopyMs(method, bytes) : 0 }
  } catch (error) {
    if (error instanceof FleetError) return NOTHING
    throw error
  }
}

const NOTHING = { bytes: 0, closedMs: 0 }

async function rehearseAll(
  sample: readonly Sampled[],
  { id, plan, signal }: RehearseInput & { readonly id: number },
  context: RehearsalContext,
): Promise<readonly RehearsedTenant[]> {
  const rehearsalId = formatRehearsalId(id)
  publish({ type: 'rehearsal.started', rehearsalId, tenants: sample.length }, context)
  const done: RehearsedTenant[] = []
  for (const { candidate, sampled } of sample) {
    signal.throwIfAborted()
    const { tenantId } = candidate
    const from = sampled.source.kind === 'restore-point' ? sampled.source.id : null
    const place = { number: done.length + 1, of: sample.length }
    publish({ type: 'rehearsal.tenant-started', rehearsalId, tenantId, ...place, from }, context)
    const tenant = await rehearseTenant(
      {
        rehearsalId: id,
        candidate,
        sampled,
        pending: versionWith(plan, candidate.history)?.pending ?? [],
        transactionMode: plan.policy.transactionMode,
        signal,
        onCopied: ({ bytes, copyMs: ms }) =>
          publish({ type: 'rehearsal.tenant-copied', rehearsalId, tenantId, bytes, ms }, context),
        onStep: ({ migrations, ms }) =>
          publish({ type: 'rehearsal.migrated', rehearsalId, tenantId, migrations, ms }, context),
      },
      context,
    )
    done.push(tenant)
    const message = tenant.problem?.message ?? null
    publish({ type: 'rehearsal.tenant-finished', rehearsalId, tenantId, outcome: tenant.outcome, message }, context)
  }
  return done
}

function reportOf(
  tenants: readonly RehearsedTenant[],
  leftOut: NotRehearsable,
  { plan }: RehearseInput,
  { provider }: RehearsalContext,
): RehearsalReport {
  const measured = tenants
    .filter(({ outcome }) => outcome === 'passed')
    .map(({ history, steps, connectMs, copyMs }) => ({
      history,
      migrateMs: steps.reduce((sum, { ms }) => sum + ms, connectMs),
      copyMs: copyMs ?? 0,
    }))
  const { copiesAtOnce, servers } = provider
  const estimate = estimateRollout({ plan, measured, servers: servers.length, copiesAtOnce }) ?? null
  const tried = new Set(tenants.filter((it) => it.outcome !== 'unknown').map((it) => JSON.stringify(it.history)))
  return {
    tenants,
    leftOut,
    versionsLeftOut: byTenants(plan)
      .filter(({ history }) => !tried.has(JSON.stringify(history)))
      .map(({ version }) => version),
    failures: failuresOf(tenants),
    estimate,
  }
}

function failuresOf(tenants: readonly RehearsedTenant[]): readonly FailureGroup[] {
  const groups = new Map<string, FailureGroup>()
  for (const { tenantId, outcome, problem } of tenants) {
    if (outcome !== 'failed' || problem === null) continue
    const key = causeOf(problem)
    const group = groups.get(key) ?? { ...problem, count: 0, example: tenantId }
    groups.set(key, { ...group, count: group.count + 1 })
  }
  return [...groups.values()].toSorted((a, b) => b.count - a.count)
}

function byTenants({ versions }: Pick<RolloutPlan, 'versions'>): readonly PlannedVersion[] {
  return versions.toSorted((a, b) => b.tenants - a.tenants)
}

function versionWith({ versions }: RolloutPlan, history: readonly string[]): PlannedVersion | undefined {
  const key = JSON.stringify(history)
  return versions.find((it) => JSON.stringify(it.history) === key)
}

function impossible(
  { withoutRestorePoint, elsewhere }: NotRehearsable,
  tried: readonly RehearsedTenant[] = [],
): FleetError {
  const reasons = [
    ...tried.map(({ tenantId, problem }) => `tenant "${tenantId}": ${problem?.message ?? 'unknown'}`),
    ...(withoutRestorePoint > 0 ? [`${withoutRestorePoint} have no restore point that can be used`] : []),
    ...(elsewhere > 0 ? [`${elsewhere} are reached by a URL of their own`] : []),
  ]
  return new FleetError(
    'REHEARSAL_IMPOSSIBLE',
    `No tenant of the plan could be rehearsed: ${reasons.join('; ') || 'none is left in it'}.`,
  )
}

function interrupted(): FleetError {
  return new FleetError('REHEARSAL_INTERRUPTED', 'The rehearsal was stopped; nothing of it is left.')
}

function publish(event: Unstamped<RehearsalEvent, 'at'>, { clock, publish }: RehearsalContext): void {
  publish({ ...event, at: clock.now().toISOString() } as RehearsalEvent)
}
