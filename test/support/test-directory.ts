import { chmod, mkdtemp, realpath } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const PREFIX = 'kysely-fleet-test-'

/** Makes a directory in which embedded servers may run; its name says whose it is, so that a later run may remove it. */
export async function makeTestDirectory(): Promise<string> {
  const directory = await mkdtemp(join(await realpath(tmpdir()), `${PREFIX}${process.pid}-`))
  // As root, the server runs as nobody and has to pass through.
  await chmod(directory, 0o711)
  return directory
}

/** Returns the process id of the run that made a directory; undefined when the name is not one of ours. */
export function ownerOfTestDirectory(name: string): number | undefined {
  const pid = new RegExp(`^${PREFIX}(\\d+)-`).exec(name)?.[1]
  return pid === undefined ? undefined : Number(pid)
}
