import type { Diagnosis } from '../../model/diagnosis.ts'
import { FleetError } from '../../model/errors.ts'
import { explained } from './explained.ts'
import type { NeonAccount } from './neon-account.ts'

/** Says whether the key works, whose it is and on what plan, and what of the configuration depends on that. */
export async function diagnoseNeon({ api, settings }: NeonAccount): Promise<readonly Diagnosis[]> {
  const { orgId, region, pgVersion, historyRetention, requestsPerMinute, requestsPerSecond, baseUrl } = settings
  const subject = 'Neon'
  try {
    const { authMethod } = await explained('The key was not looked at', () => api.getAuthDetails())
    const organization =
      orgId && (await explained(`Organisation ${orgId} was not looked at`, () => api.getOrganization(orgId)))
    const whose = organization
      ? `organisation "${organization.name}" on plan ${organization.plan}`
      : 'no organisation named'
    const window = historyRetention === undefined ? 'as the plan has it' : `${historyRetention / 3_600_000} h`
    return [
      { subject, verdict: 'ok', message: `The key works (${authMethod}); ${whose}.` },
      {
        subject,
        verdict: 'ok',
        message: `New projects: ${region}, PostgreSQL ${pgVersion}, history window ${window}. At most ${requestsPerMinute} requests a minute, ${requestsPerSecond} a second and route.`,
      },
      {
        subject,
        verdict: 'warning',
        message: `This provider has been tested against an emulator only, not against Neon itself${baseUrl ? `; the API is ${new URL(baseUrl).host}` : ''}.`,
        remedy: 'Try it with a project that may be thrown away: examples/neon-live-check.',
      },
    ]
  } catch (error) {
    if (!(error instanceof FleetError)) throw error
    return [{ subject, verdict: 'error', message: error.message, remedy: error.remedy }]
  }
}
