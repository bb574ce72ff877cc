import { chmod, mkdtemp, readFile, realpath, statfs } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const PREFIX = 'kysely-fleet-test-'

/** Makes a directory in which servers may run; its name says whose it is, so that a later run may remove it. */
export async function makeTestDirectory(): Promise<string> {
  const directory = await mkdtemp(join(await realpath(await parentOfData()), `${PREFIX}${process.pid}-`))
  // As root, the server runs as nobody and has to pass through.
  await chmod(directory, 0o711)
  return directory
}

const MEMORY = '/dev/shm'
const ENOUGH = 8 * 1024 ** 3

/**
 * Returns where servers have their data that make and drop some thousand databases: in memory, where there is enough of it.
 * On some disks, making files right after many were removed takes ten times as long.
 */
async function parentOfData(): Promise<string> {
  const mounts = await readFile('/proc/mounts', 'utf8').catch(() => '')
  const options = mounts
    .split('\n')
    .find((line) => line.split(' ')[1] === MEMORY)
    ?.split(' ')[3]
  // The server's programs are beside its data.
  if (options === undefined || options.split(',').includes('noexec')) return tmpdir()
  const { bavail, bsize } = await statfs(MEMORY)
  return Math.min(bavail * bsize, process.availableMemory()) < ENOUGH ? tmpdir() : MEMORY
}

/** Where runs may have left directories. */
export const PARENTS: readonly string[] = [tmpdir(), MEMORY]

/** Returns the process id of the run that made a directory; undefined when the name is not one of ours. */
export function ownerOfTestDirectory(name: string): number | undefined {
  const pid = new RegExp(`^${PREFIX}(\\d+)-`).exec(name)?.[1]
  return pid === undefined ? undefined : Number(pid)
}
