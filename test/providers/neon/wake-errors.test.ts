import { expect, test } from 'vitest'
import { meaningOf } from '../../../src/providers/neon/own-server.ts'
import { judgeWakeError, type WakeVerdict } from '../../../src/providers/neon/wake-errors.ts'

const UPGRADE = 'Upgrade your plan to increase limits.'
const CHECK = "or you don't have access to it. Please check the provided ID and try again."

test.each<[message: string, verdict: WakeVerdict | undefined]>([
  ["Couldn't connect to compute node", 'retry'],
  ['Control plane request failed', 'retry'],
  [
    'Control plane request failed: endpoint is temporarily unavailable. Check your quotas and/or contact our support.',
    'retry',
  ],
  [
    'Failed to acquire permit to connect to the database. Too many database connection attempts are currently ongoing.',
    'retry',
  ],
  ['Too many connections attempts', 'retry'],
  ['Your project already has running operations. Please wait until they complete, and then try again.', 'wait'],
  ["You've exceeded the rate limit. Please wait a moment and try again.", 'wait'],
  ['Control plane request failed: endpoint cannot be found', 'give-up'],
  ['Control plane request failed: endpoint is disabled', 'give-up'],
  [`The requested endpoint could not be found, ${CHECK}`, 'give-up'],
  [`The requested project could not be found, ${CHECK}`, 'give-up'],
  [
    "The role you're attempting to use is protected and cannot be used for password-based authentication. Please pick a different role and try again.",
    'give-up',
  ],
  ['connection is insecure (try using `sslmode=require`)', 'give-up'],
  [`Your account or project has exceeded the compute time quota. ${UPGRADE}`, 'quota'],
  [`Your project has exceeded the active time quota. ${UPGRADE}`, 'quota'],
  [`Your project has exceeded the data transfer quota. ${UPGRADE}`, 'quota'],
  [`Your project has exceeded the written data quota. ${UPGRADE}`, 'quota'],
  [`Your project has exceeded the logical size quota. ${UPGRADE}`, 'quota'],
  [
    "You've exceeded the compute time for this branch. Upgrade your plan to increase limits or connect to another branch.",
    'quota',
  ],
  [
    'You have exceeded the limit of concurrently active endpoints. Please suspend some endpoints and try again.',
    'lower-concurrency',
  ],
  ['cache lookup failed for relation 16384', undefined],
  ['', undefined],
])('"%s": %s', (message, verdict) => {
  expect(judgeWakeError({ code: 'XX000', message })).toBe(verdict)
})

test.each(['28P01', '57P01', '08006', undefined])(
  'an error with the code %s is not the proxy speaking for itself',
  (code) => {
    const message = "Couldn't connect to compute node"
    expect(judgeWakeError(code === undefined ? { message } : { code, message })).toBeUndefined()
  },
)

test('too many computes at once are waited for until some are suspended, and are no fault of a tenant in the end', () => {
  const refused = (message: string) => meaningOf(Object.assign(new Error(message), { code: 'XX000' }))
  const tooMany = refused('You have exceeded the limit of concurrently active endpoints.')
  const asleep = refused("Couldn't connect to compute node")
  expect(tooMany).toEqual({ sqlstate: '53000', patience: 360_000 })
  expect(asleep).toEqual({ sqlstate: '57P03', patience: 60_000 })
  expect(refused('Your project has exceeded the active time quota.')).toEqual({ sqlstate: '53000', patience: 0 })
  expect(refused('Control plane request failed: endpoint is disabled')).toBeUndefined()
})
