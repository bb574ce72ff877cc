import { branchNotReady, inTransition, unprocessable } from '../errors.ts'
import type { Endpoint, Project } from '../model.ts'
import type { Step } from '../operations.ts'
import { presentEndpoint, presentOperation } from '../present.ts'
import type { Answer, Routes } from '../route.ts'
import { branchOf, endpointsOf, type World } from '../world.ts'
import { type EndpointBody, settleEndpoint } from './endpoint-options.ts'

export const endpointRoutes: Routes = {
  createProjectEndpoint: {
    mutates: true,
    answer: async (world, { project, body: given }) => {
      const { endpoint: body } = given as { endpoint: EndpointBody }
      const branch = branchOf(project, body.branch_id ?? '')
      if (branch.state !== 'ready') throw branchNotReady()
      if (endpointsOf(project, branch.id).length > 0) {
        throw unprocessable('read-write endpoint already exists on the branch')
      }
      const options = settleEndpoint(world, project, body)
      world.computes.refuseActive(project, branch)
      const endpoint = await world.computes.open(project, branch, options)
      return schedule(world, project, endpoint, 201, [
        {
          action: 'start_compute',
          work: async () => {
            await world.data.materialize(project, branch)
            world.computes.point(project, endpoint)
          },
        },
      ])
    },
  },
  listProjectEndpoints: {
    answer: (world, { project }) => list(world, project, [...project.endpoints.values()]),
  },
  listProjectBranchEndpoints: {
    answer: (world, { project, branch }) => list(world, project, endpointsOf(project, branch.id)),
  },
  getProjectEndpoint: {
    answer: (world, { project, endpoint }) => ({
      status: 200,
      body: { endpoint: presentEndpoint(project, endpoint, world.computes) },
    }),
  },
  deleteProjectEndpoint: {
    mutates: true,
    mayBeGone: true,
    answer: (world, { project, endpoint }) =>
      schedule(world, project, endpoint, 200, [
        { action: 'suspend_compute', work: () => world.computes.close(project, endpoint) },
      ]),
  },
  suspendProjectEndpoint: {
    mutates: true,
    answer: (world, { project, endpoint }) => {
      refuseMoving(world, project, endpoint, 'suspend')
      return schedule(world, project, endpoint, 200, [
        { action: 'suspend_compute', work: () => world.computes.suspend(project, endpoint) },
      ])
    },
  },
  startProjectEndpoint: {
    mutates: true,
    answer: (world, { project, endpoint }) => {
      if (world.computes.stateOf(endpoint) === 'idle') {
        world.computes.refuseActive(project, project.branches.get(endpoint.branchId))
      }
      return schedule(world, project, endpoint, 200, [
        { action: 'start_compute', work: () => world.computes.start(project, endpoint) },
      ])
    },
  },
  restartProjectEndpoint: {
    mutates: true,
    answer: (world, { project, endpoint }) => {
      refuseMoving(world, project, endpoint, 'restart')
      return schedule(world, project, endpoint, 200, [
        { action: 'suspend_compute', work: () => world.computes.suspend(project, endpoint) },
        { action: 'start_compute', work: () => world.computes.start(project, endpoint) },
      ])
    },
  },
}

/** @throws NeonError 423 while somebody wakes the compute, which excludes no other change of the project */
function refuseMoving({ operations }: World, project: Project, endpoint: Endpoint, verb: string): void {
  if (operations.isMoving(project, endpoint.id)) throw inTransition(verb)
}

function list(world: World, project: Project, endpoints: readonly Endpoint[]): Answer {
  return { status: 200, body: { endpoints: endpoints.map((it) => presentEndpoint(project, it, world.computes)) } }
}

function schedule(
  { computes, operations }: World,
  project: Project,
  endpoint: Endpoint,
  status: number,
  steps: readonly Step[],
): Answer {
  const { id: endpointId, branchId } = endpoint
  const scheduled = operations.schedule(
    project,
    steps.map((step) => ({ ...step, endpointId, branchId })),
  )
  return {
    status,
    body: { endpoint: presentEndpoint(project, endpoint, computes), operations: scheduled.map(presentOperation) },
  }
}
