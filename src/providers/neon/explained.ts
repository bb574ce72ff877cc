import { explainNeonError } from './explain-neon-error.ts'
import { NeonApiError } from './neon-api-error.ts'
import { NeonOperationError } from './neon-operation-error.ts'

/**
 * Runs what asks Neon, and says to users what became of it where it fails.
 * @param what what did not happen then, as a sentence without its end: `The project of tenant "a" was not made`
 * @throws FleetError SERVICE_REFUSED, SERVICE_LIMIT, SERVICE_QUOTA, SERVICE_BUSY, SERVICE_UNREACHABLE, SERVICE_KEY_REFUSED; other errors as they are
 */
export async function explained<T>(what: string, ask: () => Promise<T>): Promise<T> {
  try {
    return await ask()
  } catch (error) {
    throw error instanceof NeonApiError || error instanceof NeonOperationError ? explainNeonError(error, what) : error
  }
}
