import { FleetError } from '../../model/errors.ts'
import { embeddedRefusal } from './embedded-refusal.ts'

/** Says whether a server ended because somebody else has its port. */
export function isPortTaken(output: string): boolean {
  return /could not bind .*: Address already in use/.test(output)
}

/**
 * Turns what a program of the server wrote before it failed into one sentence with a remedy. `what` begins it, as in
 * "initdb failed"; `directory` is where it worked, `log` where there is more to read.
 */
export function explainOutput(what: string, output: string, where: { directory: string; log?: string }): FleetError {
  if (/No space left on device/.test(output)) return diskFull(where.directory)
  const line = meaningfulLine(output)
  const message = line === undefined ? `${what} and wrote nothing.` : `${what}: ${line}`
  if (/could not look up effective user ID/.test(output)) {
    return embeddedRefusal(message, { remedy: 'Run fleet as a user that is listed in /etc/passwd, or as root.' })
  }
  return embeddedRefusal(
    message,
    where.log === undefined ? {} : { remedy: `Look into ${where.log} for what came before.` },
  )
}

/** Turns a refusal of the file system into one sentence with a remedy; other errors come back as they are. */
export function explainFileError(error: unknown, directory: string): unknown {
  if (!(error instanceof Error) || error instanceof FleetError || !('code' in error)) return error
  if (error.code === 'ENOSPC' || error.code === 'EDQUOT') return diskFull(directory, error)
  if (error.code === 'EEXIST' || error.code === 'ENOTDIR') {
    return embeddedRefusal(`${directory} or a part of it is a file where the embedded server needs a directory.`, {
      remedy: 'Move the file away.',
      cause: error,
    })
  }
  if (error.code === 'EACCES' || error.code === 'EPERM' || error.code === 'EROFS') {
    return embeddedRefusal(`The embedded server's files in ${directory} cannot be read or written: ${error.message}.`, {
      remedy: 'Run fleet as the user that the directory belongs to, and where it may write.',
      cause: error,
    })
  }
  return error
}

/** Returns the last line that says what went wrong, without time and process id. */
export function meaningfulLine(output: string): string | undefined {
  const lines = output
    .split('\n')
    .map((line) => line.trim())
    .filter(Boolean)
  const severe = lines.findLast(
    (line) => /\b(PANIC|FATAL|ERROR|error):\s/.test(line) && !/is (starting up|shutting down)$/.test(line),
  )
  return (severe ?? lines.at(-1))?.replace(/^.*?\b(PANIC|FATAL|ERROR|error|LOG):\s+/, '')
}

/** Builds the error for a disk without space. */
export function diskFull(directory: string, cause?: Error): FleetError {
  return embeddedRefusal(`The disk that holds ${directory} is full.`, {
    remedy: 'Free some space, then run the command again.',
    ...(cause ? { cause } : {}),
  })
}
