import { closeSync, fstatSync, openSync, statSync } from 'node:fs'
import type { Clock } from '../../lib/clock.ts'
import { embeddedRefusal } from './embedded-refusal.ts'

/**
 * A lock on a file that the operating system holds for us: it ends with the process, however that dies.
 * It belongs to this opening of the file, so two of them exclude each other within one process too.
 */
export interface FileLock {
  /** Handed to a child process, it keeps the lock until parent and child have closed it. */
  readonly fd: number
  /** Takes the lock together with other sharers; false while somebody has it alone. */
  tryShared(): boolean
  /** Takes the lock alone, or turns a shared one into that; false while somebody else has it. */
  tryExclusive(): boolean
  /** False when the file was removed: then the lock excludes nobody who comes now. */
  isCurrent(): boolean
  /** Gives the lock back, unless a child process has inherited it. May be called twice. */
  close(): void
}

/** How often a lock that is taken is tried again, in milliseconds. */
const RETRY = 20
/** Starting includes `initdb` and, after a crash, recovery. In milliseconds. */
const PATIENCE = 180_000

/**
 * Opens a file for locking and makes it if missing; nothing is locked yet.
 * @throws FleetError EMBEDDED_UNAVAILABLE when the package that locks is not installed
 */
export async function openFileLock(path: string): Promise<FileLock> {
  const { tryLock } = await import('fs-native-extensions').catch((cause: unknown) => {
    throw embeddedRefusal(
      'The package fs-native-extensions, by which processes share the embedded server, cannot be loaded.',
      {
        remedy: 'Run `npm install fs-native-extensions`.',
        cause,
      },
    )
  })
  const fd = openSync(path, 'a+', 0o600)
  let closed = false
  return {
    fd,
    tryShared: () => tryLock(fd, { shared: true }),
    tryExclusive: () => tryLock(fd),
    isCurrent: () => statSync(path, { throwIfNoEntry: false })?.ino === fstatSync(fd).ino,
    close() {
      if (closed) return
      closed = true
      closeSync(fd)
    },
  }
}

/**
 * Takes a lock alone and waits for it as long as `initdb` and a recovery may take.
 * It asks again and again instead of waiting in the system: a wait would block one of Node's few worker threads,
 * and the holder may be in this process and need them.
 * @throws FleetError EMBEDDED_UNAVAILABLE when somebody holds it for minutes
 */
export async function acquireFileLock(path: string, clock: Clock): Promise<FileLock> {
  const deadline = clock.now().getTime() + PATIENCE
  while (clock.now().getTime() < deadline) {
    const lock = await openFileLock(path)
    if (lock.tryExclusive() && lock.isCurrent()) return lock
    lock.close()
    await clock.sleep(RETRY)
  }
  throw embeddedRefusal(`Another process has held ${path} for ${PATIENCE / 60_000} minutes.`, {
    remedy: `Find it with \`fuser ${path}\` and end it.`,
  })
}
