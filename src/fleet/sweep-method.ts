import { sweep } from '../provisioning/sweep.ts'
import type { Fleet } from './fleet.ts'
import type { Parts } from './parts.ts'

export function sweepMethod({ catalog, config, provider, clock }: Parts): Fleet['sweep'] {
  return ({ remove = false } = {}) =>
    sweep({ db: catalog.db, catalogId: catalog.id, fleet: config.name, provider, clock, remove })
}
