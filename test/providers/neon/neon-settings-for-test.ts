import type { NeonPlacement, NeonSettings } from '../../../src/model/neon-settings.ts'
import { Secret } from '../../../src/model/secret.ts'
import type { NeonEmulator } from '../../support/neon-emulator/index.ts'

/** Returns the settings of an account at an emulator, which has no limits of its own. */
export function neonSettings(
  { apiKey, baseUrl, orgId }: Pick<NeonEmulator, 'apiKey' | 'baseUrl' | 'orgId'>,
  limits: Pick<NeonSettings, 'requestsPerMinute' | 'requestsPerSecond'>,
  placement: NeonPlacement = 'project-per-tenant',
): NeonSettings {
  return {
    apiKey: new Secret(apiKey),
    baseUrl,
    orgId,
    placement,
    templateProjectId: undefined,
    region: 'aws-us-east-1',
    pgVersion: 18,
    historyRetention: undefined,
    autoscaling: undefined,
    suspendTimeout: undefined,
    suspendAfter: false,
    prices: undefined,
    ...limits,
  }
}
