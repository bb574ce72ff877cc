import type { StateMachine } from './state-machine.ts'

export type RolloutState = 'planned' | 'running' | 'paused' | 'completed' | 'aborting' | 'aborted'
export type RolloutVerb = 'start' | 'pause' | 'resume' | 'complete' | 'abort' | 'finish-abort' | 'retry'

export const ROLLOUT: StateMachine<RolloutState, RolloutVerb> = {
  planned: { means: 'Computed and named by its digest; nothing has been changed.', on: { start: 'running' } },
  running: {
    means: 'Tenants may be claimed; a driver should hold the lease, and any process may take it over.',
    on: { pause: 'paused', complete: 'completed', abort: 'aborting' },
  },
  paused: {
    means: 'Nothing new starts; what ran has finished or will. It always has a reason.',
    on: { resume: 'running', abort: 'aborting' },
  },
  completed: { means: 'Every run is settled; the outcome says whether some failed.', on: { retry: 'running' } },
  aborting: {
    means: 'Given up: what runs finishes, what is pending was skipped.',
    on: { 'finish-abort': 'aborted' },
  },
  aborted: { means: 'Given up; what was done stays done.', on: {} },
}

/** Why a rollout is paused, and what leads on. */
export const PAUSE_REASONS = {
  operator: 'Somebody asked for it; `resume` goes on.',
  interrupted: 'The driver was told to stop (Ctrl-C, SIGTERM); `resume` goes on.',
  'failure-budget': 'More tenants of a wave failed than it allows; `retry --failed`, then `resume`.',
  'rights-missing': 'The admin role lacks a right (42501); grant it, then `resume`.',
  'server-unfit':
    'What is left is on servers that are full, read-only or away, or needs a service that is; when that has passed, `resume`.',
} as const
export type PauseReason = keyof typeof PAUSE_REASONS

/** `back`: an undo, which takes another rollout back. */
export type RolloutDirection = 'forward' | 'back'

/** How a completed rollout ended: `degraded` when some tenant failed within the tolerance of its wave. */
export type RolloutOutcome = 'succeeded' | 'degraded'
