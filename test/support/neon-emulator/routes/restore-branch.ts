import { DatabaseBusy } from '../data-plane.ts'
import { unknown } from '../errors.ts'
import { decideRestore, type RestoreOutcome } from '../lineage.ts'
import { lineageOf } from '../lineage-of.ts'
import { parseLsn } from '../lsn.ts'
import type { Branch, Mark, Project } from '../model.ts'
import type { Step } from '../operations.ts'
import { presentBranch, presentOperation } from '../present.ts'
import type { RouteRequest, Routes } from '../route.ts'
import { branchOf, endpointsOf, newId, type World } from '../world.ts'
import { unlessBusy } from './branches.ts'

interface RestoreBody {
  readonly source_branch_id: string
  readonly source_lsn?: string
  readonly source_timestamp?: string
  readonly preserve_under_name?: string
}

/**
 * The lineage changes with the request, the data with the operations: until these are done the endpoint leads to what was before.
 */
export const restoreRoutes: Routes = { restoreProjectBranch: { mutates: true, answer: restoreBranch } }

async function restoreBranch(world: World, { project, branch: target, body: given }: RouteRequest) {
  const body = given as RestoreBody
  const source = branchOf(project, body.source_branch_id)
  const point = { lsn: body.source_lsn, timestamp: body.source_timestamp }
  const toPoint = point.lsn !== undefined || point.timestamp !== undefined
  const decision = decideRestore(
    lineageOf(project),
    { target: target.id, source: source.id, toPoint, preserveUnderName: body.preserve_under_name },
    world.limits,
  )
  if ('refusal' in decision) throw decision.refusal
  const before = { ...target }
  const copied = await unlessBusy(() => world.data.at(project, source, point))
  if (!(copied instanceof DatabaseBusy)) refuseOldPasswords(source, copied)
  const wasPreserved = preserve(world, project, target, decision)
  target.parentId = decision.targetParentId
  target.parentLsn = undefined
  target.parentTimestamp = undefined
  target.isOriginalRoot = target.isOriginalRoot && decision.targetParentId === undefined
  target.state = 'resetting'
  target.stateChangedAt = world.clock.now()
  target.updatedAt = world.clock.now()
  const steps = stepsOf(world, project, target, {
    mark: async () => (copied instanceof DatabaseBusy ? world.data.at(project, source, point) : copied),
    failedWith: copied instanceof DatabaseBusy ? copied : undefined,
    arrive: async (mark) => {
      target.origin = mark
      await world.data.begin(target)
      target.parentLsn = decision.targetParentId === undefined ? undefined : (point.lsn ?? mark.lsn)
      target.parentTimestamp = decision.targetParentId === undefined ? undefined : mark.at
      target.roles = source.roles.map((it) => ({ ...it }))
      if (decision.targetParentId !== undefined) target.horizon = undefined
      target.history = decision.targetParentId === undefined ? upTo(before.history, mark) : [mark]
      target.lastResetAt = world.clock.now()
      if (!wasPreserved) await world.data.drop(project, { ...before, history: before.history })
    },
  })
  const operations = world.operations.schedule(project, steps)
  return {
    status: 200,
    body: { branch: presentBranch(project, target), operations: operations.map(presentOperation) },
  }
}

interface Arrival {
  readonly mark: () => Promise<Mark>
  readonly failedWith: Error | undefined
  readonly arrive: (mark: Mark) => Promise<void>
}

function stepsOf(world: World, project: Project, target: Branch, { mark, failedWith, arrive }: Arrival): Step[] {
  const branchId = target.id
  const endpoints = endpointsOf(project, branchId)
  return [
    {
      action: 'create_branch',
      branchId,
      failedWith,
      work: async () => {
        const copy = await mark()
        target.database = endpoints.length > 0 ? await world.data.thaw(project, copy) : undefined
        for (const endpoint of endpoints) world.computes.point(project, endpoint)
        for (const endpoint of endpoints) await world.computes.cut(endpoint)
        await arrive(copy)
        target.state = 'ready'
        target.stateChangedAt = world.clock.now()
      },
    },
    ...endpoints.map(({ id: endpointId }) => ({ action: 'start_compute', branchId, endpointId })),
  ]
}

/** Hands the target's place, children and data to a branch that takes its name from the request. */
function preserve(
  world: World,
  project: Project,
  target: Branch,
  { preserved, movedChildren }: RestoreOutcome,
): boolean {
  if (!preserved) return false
  const now = world.clock.now()
  const branch: Branch = {
    ...target,
    ...preserved,
    id: newId('br'),
    isDefault: false,
    isProtected: false,
    expiresAt: undefined,
    createdAt: now,
    updatedAt: now,
    stateChangedAt: now,
    // That annotations stay with the id of the branch is assumed.
    annotation: undefined,
    roles: target.roles.map((it) => ({ ...it })),
    history: [...target.history],
  }
  project.branches.set(branch.id, branch)
  for (const id of movedChildren) branchOf(project, id).parentId = branch.id
  return true
}

/** What a branch that was restored to a mark still knows of its history. */
function upTo(history: readonly Mark[], mark: Mark): Mark[] {
  const end = parseLsn(mark.lsn) ?? 0n
  const known = history.filter((it) => (parseLsn(it.lsn) ?? 0n) <= end)
  return known.includes(mark) ? known : [...known, mark]
}

/** Whether Neon takes passwords back that were reset since is not known. */
function refuseOldPasswords(source: Branch, mark: Mark): void {
  const isChanged = source.roles.some((it) => mark.passwords.get(it.name) !== it.password)
  if (isChanged) throw unknown('a restore to before a password was reset by the API')
}
