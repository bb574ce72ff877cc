/** Lets one piece of work at a time change a project: Neon refuses operations that overlap. */
export interface ProjectQueue {
  /**
   * Runs `work` when all that was asked for before with the same project has ended, well or not. Work has ended when the
   * operations that it began have: it waits for them itself. Work on other projects runs beside it; within it, the queue of its
   * own project must not be asked again.
   */
  run<T>(projectId: string, work: () => Promise<T>): Promise<T>
}

/** Makes the queue of one process; it holds nothing of projects that nobody works on. */
export function createProjectQueue(): ProjectQueue {
  const last = new Map<string, Promise<unknown>>()
  return {
    async run(projectId, work) {
      const turn = (last.get(projectId) ?? Promise.resolve()).then(work)
      const ended = turn.catch(() => {})
      last.set(projectId, ended)
      try {
        return await turn
      } finally {
        if (last.get(projectId) === ended) last.delete(projectId)
      }
    },
  }
}
