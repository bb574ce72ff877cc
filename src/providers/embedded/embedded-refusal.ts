import { FleetError } from '../../model/errors.ts'

/** Builds the error for an embedded server that cannot be used here: what is wrong in a sentence, and what to do. */
export function embeddedRefusal(message: string, options: ErrorOptions & { remedy?: string } = {}): FleetError {
  return new FleetError('EMBEDDED_UNAVAILABLE', message, options)
}
