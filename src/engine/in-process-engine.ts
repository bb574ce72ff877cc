import type { Clock } from '../lib/clock.ts'
import type { Engine, EngineLimits, Task } from './engine.ts'

const LONGEST_WAIT_MS = 1_000

/** Runs tasks in this process. A task whose `run` rejects counts as settled: outcomes are in the catalog. */
export function createInProcessEngine({ clock, onError }: { clock: Clock; onError: (error: unknown) => void }): Engine {
  const waiting = new Map<string, Task>()
  const running = new Map<string, { readonly task: Task; readonly done: Promise<void> }>()
  let limits: EngineLimits = { atOnce: 0, perServer: 0 }
  let run: ((task: Task) => Promise<void>) | undefined
  // Kept between calls: a task may settle while the loop reads, and must not be missed then.
  let hungry = new AbortController()

  function begin(task: Task, work: (task: Task) => Promise<void>): void {
    waiting.delete(task.tenantId)
    const done = work(task)
      .catch(onError)
      .finally(() => {
        running.delete(task.tenantId)
        beginNext()
        if (waiting.size < limits.atOnce) hungry.abort()
      })
    running.set(task.tenantId, { task, done })
  }

  function beginNext(): void {
    for (const task of waiting.values()) {
      if (run === undefined || running.size >= limits.atOnce) return
      if (runningOn(task.server) < limits.perServer) begin(task, run)
    }
  }

  function runningOn(server: string): number {
    return [...running.values()].filter(({ task }) => task.server === server).length
  }

  async function drained(): Promise<void> {
    while (running.size > 0) await Promise.race([...running.values()].map((it) => it.done))
  }

  return {
    start: (work) => {
      run = work
    },
    offer: (tasks, next) => {
      limits = next
      for (const task of tasks) {
        if (run !== undefined && !running.has(task.tenantId)) waiting.set(task.tenantId, task)
      }
      beginNext()
    },
    held: () => [...[...running.values()].map((it) => it.task), ...waiting.values()],
    settled: async (signal) => {
      await clock.sleep(LONGEST_WAIT_MS, signal ? AbortSignal.any([hungry.signal, signal]) : hungry.signal)
      hungry = new AbortController()
    },
    drained,
    stop: () => {
      run = undefined
      waiting.clear()
      return drained()
    },
  }
}
