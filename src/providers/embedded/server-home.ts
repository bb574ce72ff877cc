import { randomBytes } from 'node:crypto'
import { chmod, link, mkdir, readFile, rm, stat } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { embeddedRefusal } from './embedded-refusal.ts'
import { runAs } from './run-as.ts'
import { type ServerAccount, serverAccount } from './server-account.ts'
import { writeWhole } from './write-whole.ts'

/** Everything that an embedded server keeps, in one directory; and who it runs as. */
export interface ServerHome {
  readonly path: string
  readonly account: ServerAccount | undefined
  /** PostgreSQL's own directory: complete or not there. */
  readonly data: string
  /** The superuser's password; readable by its owner only. */
  readonly password: string
  /** The port that was used last. */
  readonly port: string
  readonly log: string
  /** Held alone while the server is started or stopped. */
  readonly startLock: string
  /** Shared by everybody who uses the server. */
  readonly usersLock: string
  /** Held by the server's own processes, initdb among them: as long as one lives. */
  readonly serverLock: string
}

export interface ServerHomeOptions {
  /** The project's `.fleet`. */
  readonly directory: string
  /** Where root keeps what nobody may not reach in the project. */
  readonly systemDirectory: string
}

/**
 * Finds or makes the server's directory: `.fleet/postgres`, or, where the server's user cannot get there (a project
 * of root's below a directory of mode 0700), one below `systemDirectory` to which `.fleet/postgres.location` points.
 * The locks live there too, so that a copy of the project that points to the same data shares the same server.
 * @throws FleetError EMBEDDED_UNAVAILABLE when there is no place that the server's user can reach
 */
export async function openServerHome({ directory, systemDirectory }: ServerHomeOptions): Promise<ServerHome> {
  await mkdir(directory, { recursive: true })
  const pointer = join(directory, 'postgres.location')
  const elsewhere = await readPointer(pointer)
  const inProject = elsewhere ?? join(directory, 'postgres')
  const account = await accountFor(inProject)
  if (elsewhere === undefined && account !== undefined && !(await canEnter(account, directory))) {
    if (await exists(join(inProject, 'data'))) throw await unreachable(account, inProject)
    const chosen = await choose(
      pointer,
      join(systemDirectory, `${basename(dirname(directory))}-${randomBytes(4).toString('hex')}`),
    )
    return prepare(chosen, account, systemDirectory)
  }
  return prepare(inProject, account, elsewhere === undefined ? undefined : systemDirectory)
}

async function prepare(
  path: string,
  account: ServerAccount | undefined,
  above: string | undefined,
): Promise<ServerHome> {
  // Modes are set apart from mkdir, which the umask narrows. 0711: the server's user passes through, nobody lists.
  const mode = account === undefined ? 0o700 : 0o711
  if (above !== undefined && (await mkdir(above, { recursive: true })) !== undefined) await chmod(above, 0o711)
  await mkdir(path, { recursive: true })
  await chmod(path, mode)
  if (account !== undefined && !(await canEnter(account, path))) throw await unreachable(account, path)
  return {
    path,
    account,
    data: join(path, 'data'),
    password: join(path, 'password'),
    port: join(path, 'port'),
    log: join(path, 'server.log'),
    startLock: join(path, 'start.lock'),
    usersLock: join(path, 'users.lock'),
    serverLock: join(path, 'server.lock'),
  }
}

/** Of two processes that choose at the same time, the first decides for both. */
async function choose(pointer: string, path: string): Promise<string> {
  const proposal = `${pointer}.${basename(path)}`
  await writeWhole(proposal, `${path}\n`, 0o644)
  try {
    await link(proposal, pointer)
    return path
  } catch (error) {
    const decided = await readPointer(pointer)
    if (decided === undefined) throw error
    return decided
  } finally {
    await rm(proposal, { force: true })
  }
}

async function readPointer(pointer: string): Promise<string | undefined> {
  const text = await readFile(pointer, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined
    throw error
  })
  return text?.trim()
}

async function accountFor(home: string): Promise<ServerAccount | undefined> {
  const path = join(home, 'data')
  const owner = await stat(path).catch(() => undefined)
  return serverAccount({ uid: process.getuid?.() ?? -1, platform: process.platform }, { path, owner })
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  )
}

/** Tries it as that user, instead of reading modes: access lists and mounts have a say too. */
async function canEnter(account: ServerAccount, path: string): Promise<boolean> {
  return (await runAs(account, '/bin/sh', ['-c', 'cd -- "$0"', path])).succeeded
}

async function unreachable(account: ServerAccount, path: string): Promise<Error> {
  let blocked = path
  while (dirname(blocked) !== blocked && !(await canEnter(account, dirname(blocked)))) blocked = dirname(blocked)
  return embeddedRefusal(
    `The embedded server runs as uid ${account.uid} and may not pass through ${blocked} to its data in ${path}.`,
    {
      remedy: `Run \`chmod o+x ${blocked}\`, or run fleet as an ordinary user.`,
    },
  )
}
