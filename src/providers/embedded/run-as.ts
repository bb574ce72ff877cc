import { spawn } from 'node:child_process'
import type { ServerAccount } from './server-account.ts'

/** How a program ended. */
export interface ProgramResult {
  readonly succeeded: boolean
  /** What it wrote to stdout and stderr, or why it could not be started. */
  readonly output: string
}

export interface RunAsOptions {
  /** A file descriptor that the program and its children keep open. */
  readonly inherit?: number
}

/**
 * All that the server's programs see of our environment: ours may hold secrets, and every user of the server can
 * start programs that would inherit it. Messages are in English because we read them.
 */
export function serverEnvironment(): NodeJS.ProcessEnv {
  const { PATH, TZ, LD_LIBRARY_PATH } = process.env
  return {
    LC_ALL: 'C',
    ...(PATH ? { PATH } : {}),
    ...(TZ ? { TZ } : {}),
    ...(LD_LIBRARY_PATH ? { LD_LIBRARY_PATH } : {}),
  }
}

/** Runs a program to its end as the server's user. Never rejects. */
export function runAs(
  account: ServerAccount | undefined,
  program: string,
  args: readonly string[],
  { inherit }: RunAsOptions = {},
): Promise<ProgramResult> {
  return new Promise((resolve) => {
    const child = spawn(program, args, {
      ...account,
      // A working directory that every user may enter.
      cwd: '/',
      env: serverEnvironment(),
      stdio: ['ignore', 'pipe', 'pipe', ...(inherit === undefined ? [] : [inherit])],
    })
    let output = ''
    for (const stream of [child.stdout, child.stderr]) {
      stream?.setEncoding('utf8').on('data', (text: string) => {
        output += text
      })
    }
    child.once('error', (error) => resolve({ succeeded: false, output: error.message }))
    child.once('close', (code) => resolve({ succeeded: code === 0, output }))
  })
}
