import { embeddedRefusal } from './embedded-refusal.ts'

/** The user that the server runs as, where it is not the one that we are. Fits `child_process`. */
export interface ServerAccount {
  readonly uid: number
  readonly gid: number
}

const NOBODY: ServerAccount = { uid: 65534, gid: 65534 }

/**
 * Decides who runs the server; undefined: we ourselves. PostgreSQL refuses to run as root, so root hands it to whom
 * the data belongs, or to nobody.
 * @throws FleetError EMBEDDED_UNAVAILABLE when the data is another user's and we are not root
 */
export function serverAccount(
  { uid, platform }: { uid: number; platform: NodeJS.Platform },
  data: { readonly path: string; readonly owner: ServerAccount | undefined },
): ServerAccount | undefined {
  const { path, owner } = data
  if (uid !== 0) {
    if (owner === undefined || owner.uid === uid) return undefined
    throw embeddedRefusal(`The data of the embedded server in ${path} belongs to another user (uid ${owner.uid}).`, {
      remedy: 'Run fleet as that user or as root.',
    })
  }
  if (owner !== undefined && owner.uid !== 0) return { uid: owner.uid, gid: owner.gid }
  // There, initdb wants a user that is listed in the directory service, and 65534 is not.
  if (platform === 'darwin') {
    throw embeddedRefusal('The embedded server does not run as root on macOS.', {
      remedy: 'Run fleet as an ordinary user.',
    })
  }
  return NOBODY
}

/** Says for people who the server runs as. A user without a name is common in containers. */
export function describeAccount(account: ServerAccount | undefined): string {
  const uid = account?.uid ?? process.getuid?.()
  return uid === NOBODY.uid ? `nobody (uid ${uid})` : `uid ${uid}`
}
