import { parseConfig } from '../../src/config/parse-config.ts'
import { FleetError } from '../../src/model/errors.ts'

export const origin = { root: '/srv/app' }

/** What a configuration is refused with. */
export function refusalOf(input: unknown, source?: string): string {
  try {
    parseConfig(input, source === undefined ? origin : { ...origin, file: '/srv/app/fleet.config.ts', source })
  } catch (error) {
    if (error instanceof FleetError) return error.message
    throw error
  }
  return 'accepted'
}
