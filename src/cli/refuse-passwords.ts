import { FleetError } from '../model/errors.ts'

/**
 * Refuses a URL with a password among the arguments, before anything is done with it.
 * @throws FleetError PASSWORD_IN_ARGUMENT, which does not quote it
 */
export function refusePasswords(args: readonly string[]): void {
  if (!args.some((arg) => /\w+:\/\/[^/?#\s]*:[^/?#\s]+@|[?&]password=/.test(arg))) return
  throw new FleetError(
    'PASSWORD_IN_ARGUMENT',
    'An argument is a URL with a password: other users of this machine can read it.',
  )
}
