import { readdir, readFile } from 'node:fs/promises'
import { join, relative } from 'node:path'
import { FleetError } from '../model/errors.ts'
import { checksum } from './checksum.ts'

/** Where migration files are. */
export interface MigrationFolder {
  readonly folder: string
  /** Folder of the project: paths in messages are relative to it. */
  readonly root: string
}

/** A migration file that was read, but not imported. */
export interface MigrationFile {
  readonly name: string
  /** Relative to the project, for messages. */
  readonly file: string
  readonly path: string
  readonly checksum: string
}

/**
 * Returns names and checksums of the migrations in a folder, in Kysely's order, without importing them.
 * @throws FleetError MIGRATION_INVALID when the folder is missing or two files have the same name
 */
export async function listMigrationFiles({ folder, root }: MigrationFolder): Promise<readonly MigrationFile[]> {
  const fileNames = (await readFolder(folder, root)).filter(isMigrationFile)
  const byName = new Map<string, string>()
  for (const fileName of fileNames) {
    const name = nameOf(fileName)
    const other = byName.get(name)
    if (other !== undefined) throw sameName(join(relative(root, folder), other), fileName)
    byName.set(name, fileName)
  }
  // Kysely sorts with a plain `.sort()`: another order here would plan what its Migrator refuses.
  const sorted = [...byName.keys()].sort()
  return Promise.all(
    sorted.map(async (name) => {
      const path = join(folder, byName.get(name) ?? name)
      return { name, file: relative(root, path), path, checksum: checksum(await readFile(path)) }
    }),
  )
}

/** Says whether a file name is one of a migration: what Node imports as an ES module, but no declarations. */
export function isMigrationFile(fileName: string): boolean {
  return /\.m?[tj]s$/.test(fileName) && !/\.d\.m?ts$/.test(fileName)
}

function nameOf(fileName: string): string {
  return fileName.slice(0, fileName.lastIndexOf('.'))
}

async function readFolder(folder: string, root: string): Promise<string[]> {
  try {
    const entries = await readdir(folder, { withFileTypes: true })
    return entries.filter((entry) => !entry.isDirectory()).map((entry) => entry.name)
  } catch (error) {
    throw notRead(relative(root, folder) || folder, error)
  }
}

function notRead(folder: string, cause: unknown): FleetError {
  return new FleetError('MIGRATION_INVALID', `The migration folder ${folder} cannot be read.`, {
    cause,
    remedy: 'Create it with `fleet migrate make <name>`, or correct `migrations.folder` in the configuration.',
  })
}

function sameName(file: string, other: string): FleetError {
  return new FleetError('MIGRATION_INVALID', `${file} and ${other} are two files for the same migration.`, {
    remedy: 'Remove one of them, or rename the newer one.',
  })
}
