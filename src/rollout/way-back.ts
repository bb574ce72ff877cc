import type { WayBackFacts } from '../catalog/undo.ts'
import type { ReturnRoute } from '../model/rollout.ts'
import { downsOf } from './downs-of.ts'
import { type TenantNow, type WayToPoint, wayToPoint } from './way-to-point.ts'

/** How a tenant returns to what it had before a rollout. */
export type WayBack =
  | WayToPoint
  /** By the `down` of these, newest first. */
  | { readonly kind: 'down'; readonly migrations: readonly string[] }

/**
 * Decides how a tenant returns to what it had: by `down` where the plan says so of its histories, else by its restore point.
 * @param routes those that go by `down`
 */
export function wayBack(facts: WayBackFacts, now: TenantNow, routes: readonly ReturnRoute[]): WayBack {
  const way = wayToPoint(facts, now)
  if (way.kind === 'nothing-to-do' || now.unfinished !== undefined || facts.stoppedInside) return way
  const route = routes.find((it) => isSame(it.from, facts.from) && isSame(it.history, now.history))
  const migrations = route && downsOf(route)
  return migrations === undefined ? way : { kind: 'down', migrations }
}

function isSame(one: readonly string[], other: readonly string[]): boolean {
  return one.length === other.length && one.every((name, index) => name === other[index])
}
