import type { EndpointOptions } from '../computes.ts'
import { preconditionFailed, unknown } from '../errors.ts'
import { allowsSuspendTimeout } from '../limits.ts'
import type { Project } from '../model.ts'
import { knowOnly } from '../route.ts'
import { newId, type World } from '../world.ts'

/** What a request may say of a new endpoint. */
export interface EndpointBody {
  readonly branch_id?: string
  readonly type?: string
  readonly autoscaling_limit_min_cu?: number
  readonly autoscaling_limit_max_cu?: number
  readonly suspend_timeout_seconds?: number
}

const KEYS = ['branch_id', 'type', 'autoscaling_limit_min_cu', 'autoscaling_limit_max_cu', 'suspend_timeout_seconds']

/** Completes what a request says with the project's defaults. @throws NeonError 412 for a timeout that the plan refuses */
export function settleEndpoint(world: World, project: Project, body: EndpointBody): EndpointOptions {
  knowOnly(body, KEYS)
  if (body.type === 'read_only') throw unknown('read-only endpoints')
  const settings = { ...project.endpointDefaults, ...body }
  const suspendTimeoutSeconds = settings.suspend_timeout_seconds ?? 0
  if (!allowsSuspendTimeout(world.limits, suspendTimeoutSeconds)) {
    throw preconditionFailed('suspend interval is too short for your plan')
  }
  const minCu = settings.autoscaling_limit_min_cu ?? 0.25
  return { id: newId('ep'), minCu, maxCu: settings.autoscaling_limit_max_cu ?? minCu, suspendTimeoutSeconds }
}
