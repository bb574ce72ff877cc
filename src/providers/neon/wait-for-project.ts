import { explained } from './explained.ts'
import type { NeonAccount } from './neon-account.ts'
import { isUnderWay } from './operation-status.ts'
import { waitForOperations } from './wait-for-operations.ts'

/**
 * Waits until no operation of a project is under way, whoever has begun it, nor will be tried again.
 * @throws FleetError as `explained`
 */
export async function waitForProject(projectId: string, { api, clock }: NeonAccount): Promise<void> {
  await explained(`Operations of project ${projectId} have not ended`, async () => {
    const operations = await api.listOperations(projectId)
    await waitForOperations(
      api,
      operations.filter(({ status }) => isUnderWay(status) || status === 'failed'),
      clock,
    )
  })
}
