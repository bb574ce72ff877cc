import { type ChildProcess, fork } from 'node:child_process'
import { extname, join } from 'node:path'
import type { Clock } from '../../lib/clock.ts'
import type { ConnectionDescriptor } from '../../model/connection.ts'

/** What the guard is told. A password travels in it, over a socket that only the two processes have. */
export type GuardMessage =
  | {
      readonly kind: 'watch'
      readonly id: number
      readonly console: Omit<ConnectionDescriptor, 'password'> & { readonly password: string | null }
      readonly entry: string
    }
  | { readonly kind: 'unwatch'; readonly id: number }

/** A process of its own that outlives this one: it lets clients go on whom this one has left waiting when it dies. */
export interface ResumeGuard {
  /**
   * Tells it what is about to be paused; starts it when it is not there. Returns how to tell it that clients go on. Never
   * rejects: where no guard can be had, what is recorded has to do.
   */
  watch(entries: readonly { readonly to: ConnectionDescriptor; readonly entry: string }[]): Promise<() => void>
  /** Lets it end. */
  close(): void
}

/** How long it may take to start and answer, in milliseconds; nobody waits for it meanwhile but us. */
const PATIENCE_MS = 5_000

/** Prepares the guard of this process; it is started with the first pause. */
export function resumeGuard(clock: Clock): ResumeGuard {
  let guard: Guard | undefined
  let lastId = 0
  return {
    watch: async (entries) => {
      try {
        if (!guard?.child.connected) guard = start()
      } catch {
        return () => {}
      }
      const { tell, answered } = guard
      const ids = entries.map(({ to, entry }) => {
        lastId += 1
        const console = { ...to, password: to.password?.reveal() ?? null }
        tell({ kind: 'watch', id: lastId, console, entry })
        return lastId
      })
      const given = new AbortController()
      await Promise.race([Promise.all(ids.map(answered)), clock.sleep(PATIENCE_MS, given.signal)])
      given.abort()
      return () => {
        for (const id of ids) tell({ kind: 'unwatch', id })
      }
    },
    close: () => {
      if (guard?.child.connected) guard.child.disconnect()
      guard = undefined
    },
  }
}

interface Guard {
  readonly child: ChildProcess
  readonly tell: (message: GuardMessage) => void
  /** Resolves when it watches what has this number, or is gone. */
  readonly answered: (id: number) => Promise<void>
}

function start(): Guard {
  const file = join(import.meta.dirname, `resume-guard-process${extname(import.meta.filename)}`)
  // It must not go with the signals of our terminal, and we do not stay for it.
  const child = fork(file, [], { detached: true, stdio: 'ignore', execArgv: [], cwd: '/' })
  child.unref()
  child.channel?.unref()
  const waiting = new Map<number, () => void>()
  child.on('message', (id: number) => {
    waiting.get(id)?.()
    waiting.delete(id)
  })
  const gone = () => {
    for (const resolve of waiting.values()) resolve()
    waiting.clear()
  }
  // Without a listener, one that cannot be started would end this process.
  child.on('error', gone)
  child.on('exit', gone)
  return {
    child,
    tell: (message) => {
      if (child.connected) child.send(message, () => {})
    },
    answered: (id) =>
      new Promise((resolve) => {
        if (child.connected) waiting.set(id, resolve)
        else resolve()
      }),
  }
}
