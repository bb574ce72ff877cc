import type { StateMachine } from './state-machine.ts'

export type RestorePointState = 'creating' | 'ready' | 'failed' | 'restored' | 'released'
export type RestorePointVerb = 'finish' | 'fail' | 'restore' | 'release'

/** What a restore point is, from its record to its end. */
export const RESTORE_POINT: StateMachine<RestorePointState, RestorePointVerb> = {
  creating: {
    means: 'Recorded, before anything was made; after a crash it is made again, or removed.',
    on: { finish: 'ready', fail: 'failed' },
  },
  ready: {
    means: 'The tenant can return to it; that is proven, unless it is a position alone.',
    on: { restore: 'restored', release: 'released' },
  },
  failed: { means: 'Could not be made, or could not be proven.', on: { release: 'released' } },
  restored: { means: 'The tenant has returned to it: its database is the tenant now.', on: { release: 'released' } },
  released: { means: 'Given up; nothing of it is left.', on: {} },
}
