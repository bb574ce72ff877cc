import type { Clock } from '../lib/clock.ts'
import type { Engine, Task } from './engine.ts'

const LONGEST_WAIT_MS = 1_000

/** Runs tasks in this process. A task whose `run` rejects counts as settled: outcomes are in the catalog. */
export function createInProcessEngine({ clock, onError }: { clock: Clock; onError: (error: unknown) => void }): Engine {
  const running = new Map<string, { readonly task: Task; readonly done: Promise<void> }>()
  let run: ((task: Task) => Promise<void>) | undefined
  // Kept between calls: a task may settle while the loop reads, and must not be missed then.
  let waiting = new AbortController()

  function take(task: Task, work: (task: Task) => Promise<void>): void {
    const done = work(task)
      .catch(onError)
      .finally(() => {
        running.delete(task.tenantId)
        waiting.abort()
      })
    running.set(task.tenantId, { task, done })
  }

  async function drained(): Promise<void> {
    while (running.size > 0) await Promise.race([...running.values()].map((it) => it.done))
  }

  return {
    start: (work) => {
      run = work
    },
    offer: (tasks, atOnce) => {
      if (run === undefined) return
      for (const task of tasks) {
        if (running.size >= atOnce) return
        if (!running.has(task.tenantId)) take(task, run)
      }
    },
    held: () => [...running.values()].map((it) => it.task),
    settled: async () => {
      await clock.sleep(LONGEST_WAIT_MS, waiting.signal)
      waiting = new AbortController()
    },
    drained,
    stop: () => {
      run = undefined
      return drained()
    },
  }
}
