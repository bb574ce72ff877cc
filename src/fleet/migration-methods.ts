import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { listKnownMigrations, listWithdrawn, saveMigrations } from '../catalog/known-migrations.ts'
import { countReady } from '../catalog/tenant-counts.ts'
import { findReformatted } from '../migrations/check-migrations.ts'
import { makeMigration } from '../migrations/make-migration.ts'
import type { Migration } from '../migrations/migration.ts'
import { isWithdrawn } from '../migrations/plan-target.ts'
import { FleetError } from '../model/errors.ts'
import { assessWhenNeeded } from './assess-when-needed.ts'
import type { Fleet, MigrationInfo } from './fleet.ts'
import type { LintedMigration } from './lint.ts'
import type { Parts } from './parts.ts'
import { sqlChecksums } from './recordings.ts'

export function migrationMethods(parts: Parts): Fleet['migrations'] {
  const { catalog, config, files, recordings } = parts
  const { db } = catalog

  async function list(): Promise<MigrationInfo[]> {
    const [loaded, known, ready, withdrawn] = await Promise.all([
      files.load(),
      listKnownMigrations(db),
      countReady(db),
      listWithdrawn(db),
    ])
    const reformatted = await findReformatted(loaded, known, sqlChecksums(recordings, files.load))
    const names = new Set([
      ...loaded.map((it) => it.name),
      ...known.filter((it) => it.tenants > 0).map((it) => it.name),
    ])
    return [...names].sort().map((name) => {
      const file = loaded.find((it) => it.name === name)
      const { checksum, tenants } = known.find((it) => it.name === name) ?? { checksum: null, tenants: 0 }
      return {
        name,
        file: file?.file ?? null,
        checksum: file?.checksum ?? checksum,
        transaction: file?.transaction ?? true,
        reversible: file?.down !== undefined,
        appliedBy: tenants,
        state: stateOf({
          tenants,
          ready,
          isThere: file !== undefined,
          isTakenBack: file !== undefined && isWithdrawn(file, withdrawn),
          isEdited: file !== undefined && checksum !== null && checksum !== file.checksum && !reformatted.has(name),
        }),
      }
    })
  }

  async function find(name: string): Promise<MigrationInfo> {
    const all = await list()
    const found = all.find((it) => it.name === name)
    if (found) return found
    throw new FleetError(
      'MIGRATION_UNKNOWN',
      `There is no migration "${name}". There are: ${
        all
          .slice(-10)
          .map((it) => it.name)
          .join(', ') || 'none'
      }.`,
    )
  }

  /** The chain from the first of them to the last: the schema before it is what it meets. */
  async function lint(names: readonly string[]): Promise<readonly LintedMigration[]> {
    const loaded = await files.load()
    const isWanted = ({ name }: Migration) => names.includes(name)
    const [first, last] = [loaded.findIndex(isWanted), loaded.findLastIndex(isWanted)]
    if (first < 0) return []
    const { linted } = await import('./lint.ts')
    const assessments = await assessWhenNeeded(loaded.slice(first, last + 1), loaded.slice(0, first), parts)
    return linted(loaded.filter(isWanted), assessments)
  }

  return {
    list,
    show: async (name) => {
      const info = await find(name)
      if (info.file === null) return { ...info, source: null, statements: null, assessment: null }
      const assessment = (await lint([name]))[0]?.assessment ?? null
      const recorded = (await recordings.of((await files.load()).filter((it) => it.name === name))).get(name)
      const statements = recorded?.kind === 'static' ? recorded.compiled.statements : null
      return { ...info, source: await readFile(join(config.root, info.file), 'utf8'), statements, assessment }
    },
    lint: async ({ all = false } = {}) => {
      const known = await list()
      const ready = await countReady(db)
      const wanted = known.filter(({ file, appliedBy }) => file !== null && (all || appliedBy < ready || ready === 0))
      return lint(wanted.map(({ name }) => name))
    },
    make: (name) => makeMigration(name, { folder: config.migrations.folder, root: config.root }),
    accept: async (name) => {
      const { checksum, file } = await find(name)
      if (file === null || checksum === null)
        throw new FleetError('MIGRATION_UNKNOWN', `There is no file for ${name}: nothing to accept.`)
      await saveMigrations(db, [{ name, checksum }], { replace: true })
    },
  }
}

function stateOf({
  tenants,
  ready,
  isThere,
  isTakenBack,
  isEdited,
}: {
  tenants: number
  ready: number
  isThere: boolean
  isTakenBack: boolean
  isEdited: boolean
}): MigrationInfo['state'] {
  if (!isThere) return 'missing'
  if (tenants === 0) return isTakenBack ? 'withdrawn' : 'pending'
  if (isEdited) return 'edited'
  return tenants < ready ? 'partly-applied' : 'applied'
}
