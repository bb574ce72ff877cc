import { chmod, type FileHandle, mkdir, open, readdir, readFile, rename, rm, rmdir } from 'node:fs/promises'
import { join } from 'node:path'
import { failpoint } from '../lib/failpoint.ts'
import { FleetError } from '../model/errors.ts'

export interface SalvageOwner {
  readonly tenantId: string
  /** The restore point whose rows come into it. */
  readonly pointId: string
}

/** Customers' rows: for nobody but whoever runs this. */
const FOLDER_MODE = 0o700
const FILE_MODE = 0o600
/** There as long as a salvage has not come to its end. */
const UNFINISHED = 'unfinished.json'
const MANIFEST = 'salvage.json'
/** What a file is called until it is whole. */
const PART = '.part'

/**
 * Makes a folder, or takes an empty one, for one salvage, and marks it as unfinished. What an earlier salvage of the same
 * restore point has left in it, that did not come to its end, is removed.
 * @returns how to give it back as it was
 * @throws FleetError SALVAGE_REFUSED when it cannot be written to, or holds something else
 */
export async function claimSalvageFolder(directory: string, owner: SalvageOwner): Promise<() => Promise<void>> {
  try {
    const isNew = (await mkdir(directory, { recursive: true, mode: FOLDER_MODE })) !== undefined
    const entries = await readdir(directory)
    await refuseForeign(directory, entries, owner)
    await chmod(directory, FOLDER_MODE)
    // The mark stays: without it, nobody could tell whose the rest is.
    for (const name of entries.filter((it) => it !== UNFINISHED)) await rm(join(directory, name))
    await writeWhole(join(directory, UNFINISHED), document(owner))
    return async () => {
      await rm(join(directory, UNFINISHED), { force: true })
      if (isNew) await rmdir(directory).catch(() => {})
    }
  } catch (error) {
    throw error instanceof FleetError ? error : folderRefusal(directory, error)
  }
}

/** Says whether a folder holds a whole salvage of this restore point. */
export async function holdsSalvage(directory: string, pointId: string): Promise<boolean> {
  const manifest = await readFile(join(directory, MANIFEST), 'utf8').catch(() => undefined)
  return manifest !== undefined && (JSON.parse(manifest) as { restorePoint?: unknown }).restorePoint === pointId
}

/** Writes what the folder holds, and that it is whole: last of all. */
export async function finishSalvageFolder(directory: string, manifest: object): Promise<void> {
  await writeWhole(join(directory, MANIFEST), document(manifest))
  await rm(join(directory, UNFINISHED))
}

/** A file that has its name only once it is whole. */
export interface SalvageFile {
  write(text: string): Promise<void>
  finish(): Promise<void>
  /** Removes what was written. */
  discard(): Promise<void>
}

export async function openSalvageFile(directory: string, name: string): Promise<SalvageFile> {
  const part = join(directory, `${name}${PART}`)
  const file = await open(part, 'wx', FILE_MODE)
  return {
    write: (text) => file.appendFile(text),
    finish: () => finish(file, part, join(directory, name)),
    discard: async () => {
      await file.close()
      await rm(part)
    },
  }
}

function folderRefusal(directory: string, cause: unknown): FleetError {
  const reason = (cause as NodeJS.ErrnoException).code ?? String(cause)
  return new FleetError('SALVAGE_REFUSED', `The folder ${directory} cannot be used: ${reason}.`, { cause })
}

async function refuseForeign(directory: string, entries: readonly string[], owner: SalvageOwner): Promise<void> {
  // A mark that did not get its name is the first thing in a folder: nothing else was written by then.
  if (entries.every((name) => name === `${UNFINISHED}${PART}`)) return
  if (!entries.includes(UNFINISHED)) {
    throw new FleetError('SALVAGE_REFUSED', `The folder ${directory} is not empty.`)
  }
  const { pointId } = JSON.parse(await readFile(join(directory, UNFINISHED), 'utf8')) as SalvageOwner
  if (pointId !== owner.pointId) {
    throw new FleetError(
      'SALVAGE_REFUSED',
      `The folder ${directory} holds a salvage of restore point ${pointId} that did not come to its end.`,
      { remedy: `Bring it to its end with \`fleet restore-point salvage ${pointId} ${directory}\`, or empty it.` },
    )
  }
  const isOurs = (name: string) => name === UNFINISHED || name === MANIFEST || /\.(csv|part)$/.test(name)
  const foreign = entries.find((name) => !isOurs(name))
  if (foreign !== undefined)
    throw new FleetError('SALVAGE_REFUSED', `The folder ${directory} has a file "${foreign}" that is not of a salvage.`)
}

function document(value: object): string {
  return `${JSON.stringify(value, null, 2)}\n`
}

async function writeWhole(path: string, text: string): Promise<void> {
  const part = `${path}${PART}`
  await rm(part, { force: true })
  const file = await open(part, 'wx', FILE_MODE)
  await file.writeFile(text)
  failpoint('salvage.marking')
  await finish(file, part, path)
}

async function finish(file: FileHandle, part: string, path: string): Promise<void> {
  try {
    await file.sync()
  } finally {
    await file.close()
  }
  await rename(part, path)
}
