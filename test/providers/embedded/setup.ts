import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import { systemClock } from '../../../src/lib/clock.ts'
import { withClient } from '../../../src/postgres/connect.ts'
import { type EmbeddedServer, useEmbeddedServer } from '../../../src/providers/embedded/embedded-server.ts'
import { isServerAlive } from '../../../src/providers/embedded/running-server.ts'
import { stopServer } from '../../../src/providers/embedded/stop-server.ts'
import { makeTestDirectory } from '../../support/test-directory.ts'

export interface UserProcess {
  readonly started: boolean
  readonly port: number
  release(): Promise<void>
  kill(): Promise<void>
}

export interface Project {
  /** Holds everything of this test. */
  readonly root: string
  /** The project's `.fleet`. */
  readonly directory: string
  readonly home: string
  use(): Promise<EmbeddedServer>
  /** Starts a process of its own that uses the server. */
  startProcess(): Promise<UserProcess>
  isAlive(): Promise<boolean>
  /** Starts a process that uses the server and kills it after so many milliseconds, wherever it is by then. */
  startAndKill(after: number): Promise<void>
  /** Resolves when no process of the server lives. */
  dead(): Promise<void>
  postmaster(): Promise<number>
  /** Makes `postmaster.pid` name another process. */
  rewritePostmasterPid(pid: number): Promise<void>
}

/** Makes a project whose server, whatever the test did to it, is gone afterwards. */
export async function setup(): Promise<Project> {
  const root = await makeTestDirectory()
  const directory = join(root, 'project', '.fleet')
  const home = join(directory, 'postgres')
  const place = { data: join(home, 'data'), serverLock: join(home, 'server.lock') }
  const children: ChildProcess[] = []
  const isAlive = () => isServerAlive(place).catch(() => false)
  onTestFinished(async () => {
    for (const child of children) child.kill('SIGKILL')
    if (await isAlive()) await stopServer(place, systemClock)
    await rm(root, { recursive: true, force: true })
  })
  return {
    root,
    directory,
    home,
    use: () => useEmbeddedServer({ directory, systemDirectory: join(root, 'system') }),
    startProcess: async () => {
      const child = fork(join(import.meta.dirname, 'use-server.ts'), [directory], { execArgv: [] })
      children.push(child)
      const exit = once(child, 'exit')
      const [message] = await Promise.race([
        once(child, 'message'),
        exit.then(([code]) => {
          throw new Error(`The process ended with ${code}.`)
        }),
      ])
      return {
        ...(message as { started: boolean; port: number }),
        release: async () => {
          child.send('release')
          const [code] = await exit
          if (code !== 0) throw new Error(`The process ended with ${code}.`)
        },
        kill: async () => {
          child.kill('SIGKILL')
          await exit
        },
      }
    },
    startAndKill: async (after) => {
      const child = fork(join(import.meta.dirname, 'use-server.ts'), [directory], { execArgv: [] })
      children.push(child)
      const exit = once(child, 'exit')
      await systemClock.sleep(after)
      child.kill('SIGKILL')
      await exit
    },
    isAlive,
    dead: async () => {
      while (await isAlive()) await systemClock.sleep(10)
    },
    rewritePostmasterPid: async (pid) => {
      const file = join(home, 'data', 'postmaster.pid')
      await writeFile(file, (await readFile(file, 'utf8')).replace(/^\d+/, String(pid)))
    },
    postmaster: async () => Number((await readFile(join(home, 'data', 'postmaster.pid'), 'utf8')).split('\n')[0]),
  }
}

/** Returns what one statement answers, in its first row. */
export async function ask(
  server: Pick<EmbeddedServer, 'admin'>,
  statement: string,
): Promise<Record<string, unknown> | undefined> {
  return withClient(
    server.admin,
    { applicationName: 'fleet/test' },
    async (client) => (await client.query(statement)).rows[0],
  )
}
