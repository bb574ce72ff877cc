import { pathToFileURL } from 'node:url'
import { FleetError } from '../model/errors.ts'
import { describeImportError, type ImportErrorDescription } from './describe-import-error.ts'
import { listMigrationFiles, type MigrationFile, type MigrationFolder } from './list-migration-files.ts'
import type { Migration } from './migration.ts'

/**
 * Imports the migrations of a folder, one by one, in Kysely's order.
 * @throws FleetError MIGRATION_INVALID naming file, line and what is wrong
 */
export async function loadMigrations(folder: MigrationFolder): Promise<readonly Migration[]> {
  const migrations: Migration[] = []
  for (const file of await listMigrationFiles(folder)) migrations.push(await loadMigration(file))
  return migrations
}

/** Imports one migration; throws as `loadMigrations` does. */
export async function loadMigration(file: MigrationFile): Promise<Migration> {
  const { up, down, config } = exportsOf(await importFile(file))
  if (!isFunction(up)) throw invalid(file, up === undefined ? 'there is no `up` function' : '`up` is not a function')
  if (down !== undefined && !isFunction(down)) throw invalid(file, '`down` is not a function')
  return { ...file, up, down, ...readConfig(file, config) }
}

/** What a migration is imported as: a file that is edited while the process lives is another module. */
export function urlOfMigration({ path, checksum }: Pick<MigrationFile, 'path' | 'checksum'>): string {
  return `${pathToFileURL(path).href}?v=${checksum}`
}

async function importFile(file: MigrationFile): Promise<unknown> {
  try {
    return await import(/* @vite-ignore */ urlOfMigration(file))
  } catch (error) {
    throw notImported(file, error, await describeImportError(error, file.path))
  }
}

function notImported({ file }: MigrationFile, cause: unknown, { line, reason }: ImportErrorDescription): FleetError {
  const where = line === undefined ? file : `${file}:${line}`
  return new FleetError('MIGRATION_INVALID', `${where}: ${reason}`, { cause })
}

/** Takes the default export where it has an `up`, else the named ones, as Kysely does. */
function exportsOf(module: unknown): Readonly<Record<string, unknown>> {
  const named = isObject(module) ? module : {}
  const fallback = named.default
  return isObject(fallback) && isFunction(fallback.up) ? { config: named.config, ...fallback } : named
}

const CONFIG_KEYS = ['transaction', 'allow']

function readConfig(file: MigrationFile, config: unknown): Pick<Migration, 'transaction' | 'allow'> {
  if (config === undefined) return { transaction: true, allow: {} }
  if (!isObject(config)) throw invalid(file, '`config` is not an object')
  const unknown = Object.keys(config).find((key) => !CONFIG_KEYS.includes(key))
  if (unknown !== undefined) throw invalid(file, `\`config.${unknown}\` is not known; known: ${CONFIG_KEYS.join(', ')}`)
  const { transaction = true, allow = {} } = config
  if (typeof transaction !== 'boolean') throw invalid(file, '`config.transaction` is neither true nor false')
  return { transaction, allow: readWaivers(file, allow) }
}

function readWaivers(file: MigrationFile, allow: unknown): Readonly<Record<string, string>> {
  if (!isObject(allow)) throw invalid(file, '`config.allow` is not an object of rule ids and reasons')
  const reasons = Object.entries(allow).map(([rule, reason]) => {
    if (typeof reason === 'string' && reason.trim() !== '') return [rule, reason] as const
    throw invalid(file, `\`config.allow['${rule}']\` gives no reason; write why, as a text`)
  })
  return Object.fromEntries(reasons)
}

function invalid(file: MigrationFile, reason: string): FleetError {
  return new FleetError('MIGRATION_INVALID', `${file.file}: ${reason}.`)
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null
}

function isFunction(value: unknown): value is Migration['up'] {
  return typeof value === 'function'
}
