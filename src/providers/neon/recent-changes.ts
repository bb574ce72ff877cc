import type { Clock } from '../../lib/clock.ts'
import type { NeonApi } from './neon-api.ts'

/** For how long something that Neon has just made may not be there for who asks for it, in milliseconds (docs/providers/neon.md). */
const INVISIBLE_MS = 10_000

/** In which projects something was made a moment ago. */
export interface RecentChanges {
  /** Returns until when what is not found in a project may only not be seen yet, in milliseconds; null: it is not there. */
  visibleBy(projectId: string | null): number | null
  /** Returns the same API, of which it is noted what makes something. */
  noting(api: NeonApi): NeonApi
}

/** Keeps in mind where this process has made something, or seen something new, for as long as that may not be found. */
export function createRecentChanges(clock: Clock): RecentChanges {
  /** By project, those of the longest ago first. */
  const changes = new Map<string, number>()
  const now = () => clock.now().getTime()

  function note(projectId: string, at = now()): void {
    for (const [id, since] of changes) {
      if (since + INVISIBLE_MS > now()) break
      changes.delete(id)
    }
    // What is older says nothing of what came after it.
    const latest = Math.max(at, changes.get(projectId) ?? at)
    changes.delete(projectId)
    changes.set(projectId, latest)
  }

  async function noted<T>(projectId: string, making: Promise<T>): Promise<T> {
    const made = await making
    note(projectId)
    return made
  }

  return {
    visibleBy(projectId) {
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
      createBranch: (projectId, branch) => noted(projectId, api.createBranch(projectId, branch)),
      restoreBranch: (projectId, id, restore) => noted(projectId, api.restoreBranch(projectId, id, restore)),
      createEndpoint: (projectId, ...rest) => noted(projectId, api.createEndpoint(projectId, ...rest)),
    }),
  }
}
