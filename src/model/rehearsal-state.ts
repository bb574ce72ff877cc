import type { StateMachine } from './state-machine.ts'

export type RehearsalState = 'running' | 'passed' | 'failed' | 'abandoned'
export type RehearsalVerb = 'pass' | 'fail' | 'abandon'

/** What a rehearsal of a plan comes to. */
export const REHEARSAL: StateMachine<RehearsalState, RehearsalVerb> = {
  running: {
    means: 'Branches are made and migrated, one after the other, by the process that is recorded.',
    on: { pass: 'passed', fail: 'failed', abandon: 'abandoned' },
  },
  passed: { means: 'The migrations ran on every branch that there was.', on: {} },
  failed: { means: 'A migration failed on some branch: the plan does not start without `--force`.', on: {} },
  abandoned: { means: 'Interrupted, or its process died: it says nothing about the plan.', on: {} },
}
