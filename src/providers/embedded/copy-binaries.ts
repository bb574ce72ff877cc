import { randomUUID } from 'node:crypto'
import { chmod, cp, mkdir, readdir, rename, rm, stat } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import type { Clock } from '../../lib/clock.ts'
import { acquireFileLock } from './file-lock.ts'

export interface CopyBinariesOptions {
  readonly from: string
  /** Names the version, so that what stands there is never changed. */
  readonly to: string
  readonly clock: Clock
  /** Completes the copy before anybody sees it. */
  readonly repair: (native: string) => Promise<void>
}

/** Copies PostgreSQL's programs to where every user may run them, once: a copy that stands there is whole. */
export async function copyBinaries({ from, to, clock, repair }: CopyBinariesOptions): Promise<void> {
  const parent = dirname(to)
  if ((await mkdir(parent, { recursive: true })) !== undefined) await chmod(parent, 0o711)
  const lock = await acquireFileLock(`${to}.lock`, clock)
  try {
    if (await stat(to).catch(() => undefined)) return
    await removeUnfinished(to)
    const unfinished = `${to}.${randomUUID()}`
    // The package brings static libraries too, most of its bulk, which no program loads.
    await cp(from, unfinished, { recursive: true, verbatimSymlinks: true, filter: (path) => !path.endsWith('.a') })
    await repair(unfinished)
    await openToEverybody(unfinished)
    await rename(unfinished, to)
  } finally {
    lock.close()
  }
}

/** Removes what a process that died left: while we hold the lock, nobody else copies. */
async function removeUnfinished(to: string): Promise<void> {
  for (const name of await readdir(dirname(to))) {
    if (name.startsWith(`${basename(to)}.`) && !name.endsWith('.lock'))
      await rm(join(dirname(to), name), { recursive: true })
  }
}

/** A package that was installed under a strict umask is readable by its owner only. */
async function openToEverybody(directory: string): Promise<void> {
  await chmod(directory, 0o755)
  for (const entry of await readdir(directory, { withFileTypes: true, recursive: true })) {
    const path = join(entry.parentPath, entry.name)
    if (entry.isDirectory()) await chmod(path, 0o755)
    else if (entry.isFile()) await chmod(path, ((await stat(path)).mode & 0o111) === 0 ? 0o644 : 0o755)
  }
}
