import type { Clock } from '../../lib/clock.ts'
import type { NeonApi } from './neon-api.ts'
import type { NeonCall } from './neon-call.ts'

/** For how long something that Neon has just made may not be there for who asks for it, in milliseconds (docs/providers/neon.md). */
const INVISIBLE_MS = 10_000

/** In which projects something was made a moment ago. */
export interface RecentChanges {
  /** Returns until when what a call does not find may only not be seen yet, in milliseconds; null: it is not there. */
  visibleBy(call: Pick<NeonCall, 'projectId' | 'branchId'>): number | null
  /** Returns the same API, of which it is noted what makes something, and what deletes it again. */
  noting(api: NeonApi): NeonApi
}

/** Keeps in mind where this process has made something, or seen something new, for as long as that may not be found. */
export function createRecentChanges(clock: Clock): RecentChanges {
  /** By project, those of the longest ago first. */
  const changes = new Map<string, number>()
  /** Branches that this process has deleted, of the longest ago first: not to find them is as it should be. */
  const deleted = new Map<string, number>()
  const now = () => clock.now().getTime()

  function note(projectId: string, at = now()): void {
    forgetOld(changes)
    // What is older says nothing of what came after it.
    const latest = Math.max(at, changes.get(projectId) ?? at)
    changes.delete(projectId)
    changes.set(projectId, latest)
  }

  function forgetOld(times: Map<string, number>): void {
    for (const [id, since] of times) {
      if (since + INVISIBLE_MS > now()) break
      times.delete(id)
    }
  }

  async function noted<T>(projectId: string, making: Promise<T>): Promise<T> {
    const made = await making
    note(projectId)
    return made
  }

  return {
    visibleBy({ projectId, branchId }) {
      if (branchId !== undefined && deleted.has(branchId)) return null
      const at = projectId === null ? undefined : changes.get(projectId)
      return at === undefined ? null : at + INVISIBLE_MS
    },
    noting: (api) => ({
      ...api,
      async createProject(project) {
        const made = await api.createProject(project)
        note(made.project.id)
        return made
      },
      async *listProjects(query) {
        for await (const page of api.listProjects(query)) {
          // Whoever made it may be another process, or this one may not have got the answer.
          for (const { id, createdAt } of page.projects)
            if (createdAt.getTime() + INVISIBLE_MS > now()) note(id, Math.min(createdAt.getTime(), now()))
          yield page
        }
      },
      async getOperation(projectId, id) {
        const operation = await api.getOperation(projectId, id)
        // What it makes is there when it has ended, not when it was asked for.
        if (changes.has(projectId)) note(projectId)
        return operation
      },
      async deleteProject(projectId) {
        await api.deleteProject(projectId)
        changes.delete(projectId)
      },
      async deleteBranch(projectId, branchId) {
        const { operations } = await api.deleteBranch(projectId, branchId)
        forgetOld(deleted)
        deleted.set(branchId, now())
        return { operations }
      },
      createBranch: (projectId, branch) => noted(projectId, api.createBranch(projectId, branch)),
      restoreBranch: (projectId, id, restore) => noted(projectId, api.restoreBranch(projectId, id, restore)),
      createEndpoint: (projectId, ...rest) => noted(projectId, api.createEndpoint(projectId, ...rest)),
    }),
  }
}
