import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'

const MAIN = join(import.meta.dirname, '../../src/cli/main.ts')

export interface FleetProcess {
  readonly child: ChildProcess
  /** What it has printed so far, both streams. */
  output(): string
  /** Resolves when this text was printed. */
  printed(text: string): Promise<void>
  /** Resolves with exit code or signal when it has ended. */
  readonly ended: Promise<number | NodeJS.Signals>
}

/** Starts the program in a process of its own, in a project's folder. */
export function startFleet(
  args: readonly string[],
  { root, env }: { root: string; env: NodeJS.ProcessEnv },
): FleetProcess {
  const child = spawn(process.execPath, [MAIN, ...args], { cwd: root, env, stdio: ['ignore', 'pipe', 'pipe'] })
  let text = ''
  let wake: (() => void) | undefined
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (chunk: string) => {
      text += chunk
      wake?.()
    })
  }
  const ended = once(child, 'close').then(([code, signal]) => {
    wake?.()
    return (code ?? signal) as number | NodeJS.Signals
  })
  return {
    child,
    ended,
    output: () => text,
    printed: async (wanted) => {
      while (!text.includes(wanted)) {
        if (child.exitCode !== null || child.signalCode !== null)
          throw new Error(`Ended without printing "${wanted}":\n${text}`)
        await new Promise<void>((resolve) => {
          wake = resolve
        })
      }
    },
  }
}

/** Runs the program to its end. */
export async function runFleet(
  args: readonly string[],
  project: { root: string; env: NodeJS.ProcessEnv },
): Promise<{ code: number | NodeJS.Signals; output: string }> {
  const started = startFleet(args, project)
  return { code: await started.ended, output: started.output() }
}
