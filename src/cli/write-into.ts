import { FleetError } from '../model/errors.ts'

const FORBIDDEN = ['EACCES', 'EPERM', 'EROFS']

/** Does what writes into a folder. @throws FleetError USAGE when the folder cannot be written to */
export async function writeInto<T>(folder: string, write: () => Promise<T>): Promise<T> {
  try {
    return await write()
  } catch (error) {
    if (FORBIDDEN.includes((error as NodeJS.ErrnoException).code ?? '')) throw readOnly(folder, error)
    throw error
  }
}

function readOnly(folder: string, cause: unknown): FleetError {
  return new FleetError('USAGE', `The folder ${folder} cannot be written to.`, {
    cause,
    remedy: 'Use a folder of yours, or let yourself write there.',
  })
}
