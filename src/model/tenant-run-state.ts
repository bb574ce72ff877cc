import type { StateMachine } from './state-machine.ts'

export type TenantRunState = 'pending' | 'running' | 'succeeded' | 'failed' | 'skipped'
export type TenantRunVerb = 'claim' | 'succeed' | 'fail' | 'release' | 'skip' | 'retry'

export const TENANT_RUN: StateMachine<TenantRunState, TenantRunVerb> = {
  pending: {
    means: 'Waiting for its turn, or for a retry whose time has not come.',
    on: { claim: 'running', skip: 'skipped' },
  },
  running: {
    means: 'Claimed by an attempt of the driver; only that attempt may write its result.',
    on: { succeed: 'succeeded', fail: 'failed', release: 'pending' },
  },
  succeeded: { means: 'The tenant is at the target; its own history says so.', on: {} },
  failed: {
    means: 'The migration or the data is to blame; counted against the failure budget.',
    on: { retry: 'pending' },
  },
  skipped: { means: 'Not to be touched by this rollout: pinned, aborted, gone, or without a way back.', on: {} },
}

/** `stranded`: of an undo, a tenant that has no restore point to return to. */
export type SkipReason = 'pinned' | 'aborted' | 'gone' | 'stranded'
