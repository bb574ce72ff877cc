import { execFile } from 'node:child_process'
import { basename, join } from 'node:path'
import { promisify } from 'node:util'
import { FleetError } from '../../model/errors.ts'
import { majorOf, type ServerVersion } from '../../postgres/server-version.ts'
import type { CopyStrategy } from './copy-strategy.ts'

/** Which tenants are copied by pg_dump and pg_restore, in use as they are, and where these programs are. */
export interface DumpSettings {
  /** Databases from this size on, in bytes. */
  readonly from: number
  /** The folder of both programs; undefined: they are found on PATH. */
  readonly programs: string | undefined
}

/** Says whether a database is dumped, given how the server would copy it: by reference it does that at once. */
export function isDumped(
  { strategy, bytes }: { readonly strategy: CopyStrategy; readonly bytes: number },
  dump: DumpSettings | undefined,
): dump is DumpSettings {
  return dump !== undefined && strategy !== 'clone' && bytes >= dump.from
}

export interface DumpPrograms {
  readonly dump: string
  readonly restore: string
}

/**
 * From this version on, what pg_restore sends first is refused by servers that are older: it sets `transaction_timeout`, a
 * parameter of PostgreSQL 17 (https://www.postgresql.org/docs/17/release-17.html).
 */
const SETS_UNKNOWN_TO_OLDER = 17

/**
 * Finds pg_dump and pg_restore for a server.
 * @throws FleetError RESTORE_POINT_REFUSED when one is missing, or cannot be used with this server
 */
export async function findDumpPrograms(
  { programs }: Pick<DumpSettings, 'programs'>,
  server: ServerVersion,
): Promise<DumpPrograms> {
  const wanted = majorOf(server)
  const pathOf = (name: string) => (programs === undefined ? name : join(programs, name))
  const found = { dump: pathOf('pg_dump'), restore: pathOf('pg_restore') }
  // Both are looked at before the first that is of no use is named.
  const majors = await Promise.all(Object.values(found).map(majorOfProgram))
  const problems = Object.values(found).map((path, index) =>
    problemOf({ name: basename(path), major: majors[index] ?? null, wanted }),
  )
  const problem = problems.find((it) => it !== undefined)
  if (problem === undefined) return found
  const place = programs === undefined ? 'on PATH' : `in ${programs}`
  throw new FleetError('RESTORE_POINT_REFUSED', `${problem} (looked for it ${place}).`, {
    remedy: `Install the client programs of PostgreSQL ${wanted}, and name their folder in restorePoints.dump.programs.`,
  })
}

/** Says why a program of a major version is of no use for a server; undefined when it is. Null: it is not there. */
export function problemOf({
  name,
  major,
  wanted,
}: {
  readonly name: string
  readonly major: number | null
  readonly wanted: number
}): string | undefined {
  if (major === null) return `${name} was not found`
  if (major < wanted) return `${name} ${major} cannot be used with PostgreSQL ${wanted}, which is newer`
  if (major >= SETS_UNKNOWN_TO_OLDER && wanted < SETS_UNKNOWN_TO_OLDER)
    return `What ${name} ${major} writes cannot be read by PostgreSQL ${wanted}, which is older`
  return undefined
}

/** Null: it cannot be run. */
async function majorOfProgram(path: string): Promise<number | null> {
  try {
    const { stdout } = await promisify(execFile)(path, ['--version'], { timeout: 10_000 })
    const major = /\(PostgreSQL\) (\d+)/.exec(stdout)?.[1]
    return major === undefined ? null : Number(major)
  } catch {
    return null
  }
}
