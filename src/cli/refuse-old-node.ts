/** As `engines` in package.json says it: the first Node that runs .ts files as they are. */
const OLDEST = '22.18'

/** Returns what to tell the user of a Node that is too old, in one sentence; undefined when it will do. */
export function refuseOldNode(version: string): string | undefined {
  const isOlder = version.localeCompare(OLDEST, 'en', { numeric: true }) < 0
  return isOlder ? `fleet: this is Node ${version}, and kysely-fleet needs Node ${OLDEST} or newer.` : undefined
}
