import { describe, expect, test } from 'vitest'
import { classifyNeonAnswer, type NeonErrorKind } from '../../../src/providers/neon/errors.ts'
import { explainNeonError } from '../../../src/providers/neon/explain-neon-error.ts'
import { NeonApiError } from '../../../src/providers/neon/neon-api-error.ts'
import type { NeonCall } from '../../../src/providers/neon/neon-call.ts'

const LOCKED = 'project already has running conflicting operations, scheduling of new ones is prohibited'

test.each<[status: number, code: string, message: string | null, kind: NeonErrorKind]>([
  [423, '', LOCKED, 'locked'],
  [423, '', 'endpoint is in some transitive state, could not suspend', 'locked'],
  [423, '', null, 'locked'],
  [429, '', 'too many requests', 'rate-limited'],
  [429, '', null, 'rate-limited'],
  [400, 'RATE_LIMIT_EXCEEDED', 'slow down', 'rate-limited'],
  [503, '', 'unavailable', 'unavailable'],
  [503, '', null, 'unavailable'],
  [501, '', 'not implemented', 'not-served'],
  [501, '', null, 'not-served'],
  [524, '', null, 'lost'],
  [500, '', 'internal server error', 'lost'],
  [502, '', null, 'lost'],
  [504, '', null, 'lost'],
  [408, '', null, 'lost'],
  [200, '', null, 'lost'],
  [422, '', 'branch not ready yet', 'not-ready'],
  [422, '', 'cannot delete branch that has children', 'has-children'],
  [422, '', 'cannot reset protected branch', 'protected'],
  [422, '', 'cannot delete protected branch', 'protected'],
  [422, '', 'cannot delete project with protected branches', 'protected'],
  [422, '', 'preserve_under_name is required', 'invalid'],
  [409, 'BRANCH_ALREADY_EXISTS', 'branch already exists; branch_name:"a"', 'exists'],
  [409, '', 'branch already exists; branch_name:"a"', 'exists'],
  [409, '', 'something else is the matter', 'unknown'],
  [412, '', 'suspend interval is too short for your plan', 'plan'],
  [412, '', 'password is not stored', 'no-password'],
  [412, '', 'some other condition', 'plan'],
  [400, '', 'org_id is required', 'invalid'],
  [400, '', 'settings must not be nil', 'invalid'],
  [400, '', 'requested history retention seconds exceeds allowed maximum', 'plan'],
  [422, '', 'requested history retention seconds exceeds allowed maximum', 'plan'],
  [401, '', 'supplied credentials do not pass authentication', 'unauthorized'],
  [403, '', 'forbidden', 'unauthorized'],
  [402, '', 'payment required', 'quota'],
  [422, 'COMPUTE_TIME_EXCEEDED', 'used up', 'quota'],
  [423, 'COMPUTE_TIME_QUOTA_EXCEEDED', 'used up', 'locked'],
  [422, 'NON_PRIMARY_BRANCH_COMPUTE_TIME_EXCEEDED', 'used up', 'quota'],
  [422, 'DATA_TRANSFER_LIMIT_EXCEEDED', 'used up', 'quota'],
  [422, 'BRANCH_SIZE_LIMIT_EXCEEDED_THRESHOLD', 'used up', 'quota'],
  [404, '', 'branch not found', 'gone'],
  [404, '', null, 'unknown'],
  [404, '', 'this route does not exist', 'invalid'],
  [302, '', null, 'unknown'],
  [418, '', 'a teapot', 'unknown'],
])('%s %s "%s" is %s', (status, code, message, kind) => {
  expect(classifyNeonAnswer({ status, code, message })).toEqual({ kind, limit: null })
})

test.each<[code: string, kind: NeonErrorKind]>([
  ['ECONNREFUSED', 'unavailable'],
  ['ENOTFOUND', 'unavailable'],
  ['EAI_AGAIN', 'unavailable'],
  ['ECONNRESET', 'lost'],
  ['ETIMEDOUT', 'lost'],
  ['EPIPE', 'lost'],
  ['', 'lost'],
  ['CERT_HAS_EXPIRED', 'untrusted'],
  ['SELF_SIGNED_CERT_IN_CHAIN', 'untrusted'],
  ['DEPTH_ZERO_SELF_SIGNED_CERT', 'untrusted'],
  ['UNABLE_TO_VERIFY_LEAF_SIGNATURE', 'untrusted'],
  ['ERR_TLS_CERT_ALTNAME_INVALID', 'untrusted'],
])('no answer but %s is %s', (code, kind) => {
  expect(classifyNeonAnswer({ status: null, code, message: null })).toEqual({ kind, limit: null })
})

test.each([
  ['PROJECTS_LIMIT_EXCEEDED', 'projects', true],
  ['ACTIVE_ENDPOINTS_LIMIT_EXCEEDED', 'computes that run at once', true],
  ['BRANCHES_LIMIT_EXCEEDED', 'branches of the project', false],
  ['ROOT_BRANCHES_LIMIT_EXCEEDED', 'root branches of the project', false],
  ['BRANCHES_PROTECTED_LIMIT_EXCEEDED', 'protected branches of the project', false],
  ['ENDPOINTS_LIMIT_EXCEEDED', 'computes of the project', false],
  ['ROLES_LIMIT_EXCEEDED', 'roles of the branch', false],
  ['DATABASES_LIMIT_EXCEEDED', 'databases of the branch', false],
  ['VPC_ENDPOINTS_LIMIT_EXCEEDED', 'vpc endpoints', true],
])('%s is the limit of %s, whatever the status', (code, of, accountWide) => {
  for (const status of [400, 402, 403, 409, 412, 422]) {
    const message = 'branch already exists, password, suspend interval is too short'
    expect(classifyNeonAnswer({ status, code, message })).toEqual({ kind: 'limit', limit: { of, accountWide } })
  }
})

describe('to users', () => {
  const call: NeonCall = { method: 'POST', path: '/projects/{project_id}/branches', projectId: 'quiet-sea' }
  const explain = (status: number | null, code: string, message: string | null) =>
    explainNeonError(
      new NeonApiError(call, { status, code, message }, 'r-1'),
      'No restore point of tenant "a" was made',
    )

  test.each([
    [401, '', 'no', 'SERVICE_KEY_REFUSED', 'No restore point of tenant "a" was made. Neon: "no" (request r-1).'],
    [422, 'ROOT_BRANCHES_LIMIT_EXCEEDED', 'x', 'SERVICE_LIMIT', /the plan allows no more root branches of the project/],
    [402, '', 'pay', 'SERVICE_QUOTA', /"pay"/],
    [423, '', LOCKED, 'SERVICE_BUSY', /other operations of the project/],
    [429, '', '', 'SERVICE_BUSY', /rate limit/],
    [503, '', null, 'SERVICE_UNREACHABLE', /is not available/],
    [null, 'ECONNREFUSED', null, 'SERVICE_UNREACHABLE', /ECONNREFUSED/],
    [null, 'CERT_HAS_EXPIRED', null, 'SERVICE_UNREACHABLE', /certificate is not accepted \(CERT_HAS_EXPIRED\)/],
    [524, '', null, 'SERVICE_UNREACHABLE', /may have been done all the same/],
    [422, '', 'cannot delete protected branch', 'SERVICE_REFUSED', /"cannot delete protected branch"/],
    [302, '', null, 'SERVICE_REFUSED', /an answer that is not its own \(302\)/],
  ])('%s %s "%s" is %s', (status, code, message, expected, sentence) => {
    const error = explain(status, code, message)
    expect(error.code).toBe(expected)
    if (typeof sentence === 'string') expect(error.message).toBe(sentence)
    else expect(error.message).toMatch(sentence)
    expect(error.remedy).not.toBe('')
  })

  test('what only reads has changed nothing, whatever was lost', () => {
    const reading = new NeonApiError({ ...call, method: 'GET' }, { status: null, code: '', message: null }, 'r-1')
    expect(explainNeonError(reading, 'The key was not looked at').message).toBe(
      'The key was not looked at. Neon: no answer of its own came (request r-1).',
    )
  })

  test('one line is kept of what Neon says, without what moves the cursor', () => {
    const error = new NeonApiError(call, { status: 400, code: '', message: `a\n\u001b[2Jb ${'c'.repeat(600)}` }, 'r-1')
    expect(error.answer).toMatch(/^a \[2Jb c+…$/)
    expect(error.answer).toHaveLength(501)
    expect(error.message).toMatch(/^Neon, asked for POST \S+ of project quiet-sea: 400: a .*\(request r-1\)$/)
  })
})
