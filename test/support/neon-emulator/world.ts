import { randomBytes, randomInt } from 'node:crypto'
import type { BranchData } from './branch-data.ts'
import type { Computes } from './computes.ts'
import type { DataPlane } from './data-plane.ts'
import type { EmulatorClock } from './emulator-clock.ts'
import { notFound, unknown } from './errors.ts'
import type { Faults } from './faults.ts'
import type { Limits, Plan } from './limits.ts'
import { refuseDelete } from './lineage.ts'
import { lineageOf } from './lineage-of.ts'
import type { Branch, Endpoint, Project } from './model.ts'
import type { Operations } from './operations.ts'

const DAY_MS = 24 * 60 * 60 * 1000

/** How long a deleted project can be recovered, in milliseconds. */
export const RECOVERABLE_MS = 7 * DAY_MS

/** Whose key it is. */
export interface Account {
  readonly kind: 'org' | 'user'
  readonly orgId: string
  readonly plan: Plan
  /** Whether projects are named with their organisation: so it is with the keys of persons. */
  readonly requireOrg: boolean
}

/** All that the routes work on. */
export interface World {
  readonly account: Account
  readonly limits: Limits
  readonly clock: EmulatorClock
  readonly dataPlane: DataPlane
  readonly projects: Projects
  readonly operations: Operations
  readonly computes: Computes
  readonly data: BranchData
  readonly faults: Faults
  /** How long a search does not find a new project, in milliseconds. */
  readonly searchLagMs: number
}

/** The projects of the account, the deleted ones too, in the order of their creation. */
export class Projects {
  readonly #all: Project[] = []
  readonly #positions = new Map<string, number>()

  add(project: Project): void {
    this.#positions.set(project.id, this.#all.length)
    this.#all.push(project)
  }

  /** @throws NeonError 404 */
  get(id: string): Project {
    const project = this.#all[this.#positions.get(id) ?? -1]
    if (!project || project.deletedAt) throw notFound('project')
    return project
  }

  /** The deleted ones too. */
  get size(): number {
    return this.#all.length
  }

  get living(): readonly Project[] {
    return this.#all.filter((it) => !it.deletedAt)
  }

  /** At most so many that fit, after the one with this id. */
  page(after: string | undefined, limit: number, fits: (project: Project) => boolean): readonly Project[] {
    const found: Project[] = []
    const first = after === undefined ? 0 : (this.#positions.get(after) ?? this.#all.length) + 1
    for (let at = first; at < this.#all.length && found.length < limit; at += 1) {
      const project = this.#all[at]
      if (project && fits(project)) found.push(project)
    }
    return found
  }
}

/** @throws NeonError 404, or 501 for a project that is listed only */
export function branchOf(project: Project, id: string): Branch {
  if (project.isHollow) throw unknown(`project ${project.id} is hollow: it is listed only`)
  const branch = project.branches.get(id)
  if (!branch) throw notFound('branch')
  return branch
}

/** @throws NeonError 404 */
export function endpointOf(project: Project, id: string): Endpoint {
  const endpoint = project.endpoints.get(id)
  if (!endpoint) throw notFound('endpoint')
  return endpoint
}

/** @throws NeonError 501 for a project that is listed only */
export function defaultBranchOf(project: Project): Branch {
  const branch = [...project.branches.values()].find((it) => it.isDefault)
  if (!branch) throw unknown(`project ${project.id} is hollow: it is listed only`)
  return branch
}

export function endpointsOf(project: Project, branchId: string): readonly Endpoint[] {
  return [...project.endpoints.values()].filter((it) => it.branchId === branchId)
}

/** Does what time has made due in a project: expired branches are deleted, copies that left the history window dropped. */
export async function maintain(world: World, project: Project): Promise<void> {
  if (project.isHollow || world.operations.isBusy(project)) return
  project.isMutating = true
  try {
    const now = world.clock.now()
    const expired = [...project.branches.values()].filter((it) => it.expiresAt && it.expiresAt <= now)
    for (const branch of expired) {
      if (!refuseDelete(lineageOf(project), branch.id)) await removeBranch(world, project, branch)()
    }
    await world.data.collect(project)
  } finally {
    project.isMutating = false
  }
}

/** Takes the branch out of the project, and returns what removes its data. */
export function removeBranch(world: World, project: Project, branch: Branch): () => Promise<void> {
  project.branches.delete(branch.id)
  const endpoints = endpointsOf(project, branch.id)
  return async () => {
    for (const endpoint of endpoints) await world.computes.close(project, endpoint)
    await world.data.drop(project, branch)
    const used = new Set([...project.branches.values()].flatMap((it) => it.roles.map((role) => role.serverName)))
    for (const { name, serverName } of branch.roles) {
      if (!used.has(serverName) && serverName !== serverRoleOf(project, name))
        await world.dataPlane.dropRole(serverName)
    }
  }
}

/** The role on the server that owns what a project's role owns, in all of its branches. */
export function serverRoleOf(project: Project, role: string): string {
  return `${project.id}__${role}`
}

const WORDS = ['autumn', 'bold', 'calm', 'dawn', 'flat', 'gentle', 'hidden', 'late', 'misty', 'quiet', 'round', 'sweet']
const THINGS = ['bird', 'block', 'brook', 'cloud', 'field', 'forest', 'grass', 'heart', 'lake', 'leaf', 'moon', 'river']

/** An id such as Neon's: `br-quiet-river-1c9a3f60`. */
export function newId(prefix?: 'br' | 'ep'): string {
  const words = [WORDS, THINGS].map((list) => list[randomInt(list.length)])
  return [...(prefix ? [prefix] : []), ...words, randomBytes(4).toString('hex')].join('-')
}

/** A password such as Neon's. */
export function newPassword(): string {
  return `npg_${randomBytes(9).toString('hex')}`
}
