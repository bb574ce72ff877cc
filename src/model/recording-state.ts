import type { StateMachine } from './state-machine.ts'

export type RecordingState = 'proving' | 'proven' | 'live'
export type RecordingVerb = 'prove' | 'deviate'

/** What a rollout makes of a recorded migration. */
export const RECORDING: StateMachine<RecordingState, RecordingVerb> = {
  proving: {
    means: 'Tenants run it live, one at a time, and what they are sent is compared with what was recorded.',
    on: { prove: 'proven', deviate: 'live' },
  },
  proven: { means: 'Tenants are sent what was recorded.', on: { deviate: 'live' } },
  live: { means: 'Some tenant was sent something else: all that are left run it live.', on: {} },
}
