import { FleetError } from '../../model/errors.ts'
import type { NeonErrorKind } from './errors.ts'
import type { NeonAccount } from './neon-account.ts'
import type { NeonOperations } from './neon-api.ts'
import { NeonApiError } from './neon-api-error.ts'
import { waitForProject } from './wait-for-project.ts'

/** A mutation of a project, and how to find out whether it was done where its answer was lost. */
export interface SureChange<Found> {
  readonly projectId: string
  /** As of `NeonAccount.change`. */
  readonly what: string
  readonly mutation: () => Promise<NeonOperations>
  /** Finds what the mutation makes; undefined: it has not been done. */
  readonly look: () => Promise<Found | undefined>
}

/** How often a mutation is sent whose answers are lost. */
const TRIES = 3

/**
 * Changes a project as `NeonAccount.change` does, also where the answer is lost: then it looks before it sends the mutation again,
 * and waits for what is under way where it was done.
 * @throws FleetError as `NeonAccount.change`
 */
export async function changeSurely<Found>(
  { projectId, what, mutation, look }: SureChange<Found>,
  account: NeonAccount,
): Promise<void> {
  let lost: unknown
  for (let tries = 1; ; tries++) {
    try {
      await account.change(projectId, what, mutation)
      return
    } catch (error) {
      const isLost = kindOf(error) === 'lost'
      if (isLost) lost = error
      // Refused after an answer was lost: it may be the lost one that is in the way.
      if (lost === undefined) throw error
      const found = await look().catch(() => {
        // Nor can it be seen: then whoever asked has to know that it may have been done.
        throw lost
      })
      if (found !== undefined) return waitForProject(projectId, account)
      if (!isLost || tries === TRIES) throw error
    }
  }
}

/** Returns what kind of answer an error explains; undefined: it is no answer of Neon's. */
export function kindOf(error: unknown): NeonErrorKind | undefined {
  return error instanceof FleetError && error.cause instanceof NeonApiError ? error.cause.kind : undefined
}
