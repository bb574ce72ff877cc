import { formatTime } from '../emulator-clock.ts'
import { notFound } from '../errors.ts'
import type { Routes } from '../route.ts'

/** The epoch of the organisation, which was there before the emulator. */
const FOUNDED = new Date('2026-01-01T00:00:00Z')
/** Some of Neon's: enough to tell one that there is from one that there is not. */
const REGIONS = ['aws-us-east-1', 'aws-us-east-2', 'aws-us-west-2', 'aws-eu-central-1', 'azure-eastus2']

export const accountRoutes: Routes = {
  getAuthDetails: {
    answer: ({ account }) => ({
      status: 200,
      body: {
        account_id: account.kind === 'org' ? account.orgId : 'user-of-the-emulator',
        auth_method: account.kind === 'org' ? 'api_key_org' : 'api_key_user',
      },
    }),
  },
  getActiveRegions: {
    answer: () => ({
      status: 200,
      body: {
        regions: REGIONS.map((id, index) => ({
          region_id: id,
          name: id,
          default: index === 0,
          geo_lat: '',
          geo_long: '',
        })),
      },
    }),
  },
  getOrganization: {
    answer: ({ account }, { path }) => {
      if (path.org_id !== account.orgId) throw notFound('organization')
      return {
        status: 200,
        body: {
          id: account.orgId,
          name: account.orgId,
          handle: account.orgId,
          plan: account.plan,
          managed_by: 'console',
          created_at: formatTime(FOUNDED),
          updated_at: formatTime(FOUNDED),
        },
      }
    },
  },
}
