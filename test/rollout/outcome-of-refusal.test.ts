import { expect, test } from 'vitest'
import { FleetError, type FleetErrorCode } from '../../src/model/errors.ts'
import { outcomeOfRefusal } from '../../src/rollout/outcome-of-refusal.ts'

test.each<[FleetErrorCode, string]>([
  ['CLIENTS_NOT_PAUSED', 'error'],
  ['SERVICE_UNREACHABLE', 'service-away'],
  ['SERVICE_BUSY', 'error'],
  ['DATABASE_IN_USE', 'busy'],
  ['TENANT_BUSY', 'busy'],
  ['RIGHT_MISSING', 'rights'],
  ['SERVICE_KEY_REFUSED', 'rights'],
  ['SERVICE_QUOTA', 'server'],
])('%s is not the fault of a tenant: %s', (code, kind) => {
  expect(outcomeOfRefusal(new FleetError(code, 'No.'))).toMatchObject({ kind, message: 'No.', sqlstate: null })
})

test.each([
  ['ECONNREFUSED', 'server-away'],
  ['57P03', 'server-away'],
  ['53300', 'error'],
  ['3D000', 'failure'],
])('a server that cannot be reached because of %s: %s', (code, kind) => {
  const cause = Object.assign(new Error('no'), { code })
  expect(outcomeOfRefusal(new FleetError('SERVER_UNREACHABLE', 'No.', { cause }))).toMatchObject({ kind })
})

test.each<FleetErrorCode>(['SERVICE_LIMIT', 'SERVICE_REFUSED', 'RESTORE_POINT_REFUSED'])(
  '%s is the failure of a tenant, and says what to do',
  (code) => {
    const error = new FleetError(code, 'No.', { remedy: 'Do this.' })
    expect(outcomeOfRefusal(error)).toMatchObject({ kind: 'failure', message: 'No. Do this.', sqlstate: null })
  },
)

test('what is no refusal of the program is told by its SQLSTATE', () => {
  const error = Object.assign(new Error('canceling statement due to lock timeout'), { code: '55P03' })
  expect(outcomeOfRefusal(error)).toMatchObject({ sqlstate: '55P03' })
})
