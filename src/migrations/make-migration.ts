import { mkdir, readdir, writeFile } from 'node:fs/promises'
import { join, relative } from 'node:path'
import { type Clock, systemClock } from '../lib/clock.ts'
import { FleetError } from '../model/errors.ts'
import { isMigrationFile, type MigrationFolder } from './list-migration-files.ts'

/**
 * Writes a new migration file and returns its path relative to the project. Nothing is overwritten.
 * @throws FleetError USAGE when nothing is left of the name, or there is such a file already
 */
export async function makeMigration(
  name: string,
  { folder, root }: MigrationFolder,
  clock: Clock = systemClock,
): Promise<string> {
  await mkdir(folder, { recursive: true })
  const existing = (await readdir(folder)).filter(isMigrationFile)
  const path = join(folder, `${nextMigrationName(name, existing, clock.now())}.${endingLike(existing)}`)
  try {
    await writeFile(path, TEMPLATE, { flag: 'wx' })
  } catch (error) {
    throw notWritten(relative(root, path), error)
  }
  return relative(root, path)
}

/**
 * Returns the name of a new migration: numbered like the last of the existing ones (0003_x, then 0004_y) where they
 * are, else by the time in UTC, so that it sorts behind them.
 * @throws FleetError USAGE when nothing is left of the name
 */
export function nextMigrationName(name: string, existing: readonly string[], now: Date): string {
  const slug = name
    .normalize('NFKD')
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '_')
    .replaceAll(/^_+|_+$/g, '')
  if (slug === '') throw new FleetError('USAGE', `"${name}" has no letter or digit to name a migration by.`)
  const last = [...existing].sort().at(-1)
  const prefix = last === undefined ? undefined : nextNumber(last)
  return `${prefix ?? timestamp(now)}_${slug}`
}

/** In a CommonJS project a .ts file cannot have imports: where the others are .mts, this one has to be, too. */
function endingLike(existing: readonly string[]): 'ts' | 'mts' {
  return /\.m[tj]s$/.test([...existing].sort().at(-1) ?? '') ? 'mts' : 'ts'
}

function notWritten(file: string, cause: unknown): FleetError {
  return new FleetError('USAGE', `${file} cannot be written.`, { cause, remedy: 'Choose another name.' })
}

/** Twelve digits and more are a date. */
function nextNumber(fileName: string): string | undefined {
  const number = /^\d{1,11}(?=[_-])/.exec(fileName)?.[0]
  return number === undefined ? undefined : String(Number(number) + 1).padStart(number.length, '0')
}

function timestamp(now: Date): string {
  return now.toISOString().replaceAll(/\D/g, '').slice(0, 14)
}

const TEMPLATE = `import type { Kysely } from 'kysely'

export async function up(db: Kysely<unknown>): Promise<void> {
  // await db.schema.alterTable('orders').addColumn('note', 'text').execute()
}
`
