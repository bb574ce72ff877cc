import type { StateMachine } from './state-machine.ts'

export type TenantState = 'creating' | 'ready' | 'deleting' | 'deleted' | 'failed'
export type TenantVerb = 'finish' | 'fail' | 'delete' | 'finish-delete' | 'create-again'

export const TENANT: StateMachine<TenantState, TenantVerb> = {
  creating: {
    means: 'Recorded, its database not ready yet; creating it again goes on where the last try ended.',
    on: { finish: 'ready', fail: 'failed', delete: 'deleting' },
  },
  ready: { means: 'Its database is there and takes part in rollouts.', on: { delete: 'deleting' } },
  deleting: { means: 'Its database is being removed; deleting it again goes on.', on: { 'finish-delete': 'deleted' } },
  deleted: { means: 'Removed; the id may be used again.', on: { 'create-again': 'creating' } },
  failed: {
    means: 'Its database could not be made; creating it again tries once more, deleting removes what is left.',
    on: { 'create-again': 'creating', delete: 'deleting' },
  },
}
