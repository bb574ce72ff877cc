import { describe, expect, test } from 'vitest'
import type { NeonErrorKind } from '../../../src/providers/neon/errors.ts'
import type { NeonCall } from '../../../src/providers/neon/neon-call.ts'
import { lockedWait, NO_TRIES, nextTry, type Tries } from '../../../src/providers/neon/next-try.ts'

const post: NeonCall = { method: 'POST', path: '/projects/{project_id}/branches', projectId: 'p' }
const remove: NeonCall = { ...post, method: 'DELETE' }
const get: NeonCall = { method: 'GET', path: '/projects/{project_id}', projectId: 'p' }
const NOW = 1_000_000
const middle = () => 0.5
const last = () => 0.999999

function next(call: NeonCall, kind: NeonErrorKind, tries: Partial<Tries> = {}, retryAfterMs: number | null = null) {
  return nextTry(call, { kind, retryAfterMs }, { ...NO_TRIES, ...tries }, NOW, middle)
}

describe('a call is made again', () => {
  test.each<[string, NeonCall, NeonErrorKind]>([
    ['a mutation that was locked out', post, 'locked'],
    ['a mutation that came too early', post, 'not-ready'],
    ['a mutation beyond the rate', post, 'rate-limited'],
    ['a mutation that was not served', post, 'unavailable'],
    ['a GET that was not served', get, 'unavailable'],
    ['a GET whose answer was lost', get, 'lost'],
    ['a DELETE whose answer was lost', remove, 'lost'],
  ])('%s', (_, call, kind) => {
    expect(next(call, kind)).not.toBeNull()
  })

  test.each(['POST', 'PATCH'] as const)('not a %s whose answer was lost', (method) => {
    expect(next({ ...post, method }, 'lost')).toBeNull()
  })

  test.each<NeonErrorKind>([
    'not-served',
    'exists',
    'gone',
    'limit',
    'plan',
    'no-password',
    'unauthorized',
    'quota',
    'protected',
    'has-children',
    'invalid',
    'untrusted',
    'unknown',
  ])('not one that is answered with %s', (kind) => {
    expect(next(get, kind)).toBeNull()
    expect(next(post, kind)).toBeNull()
  })
})

describe('while the project is locked', () => {
  test('for 120 s since the first time, after waits that grow to 5 s', () => {
    expect(next(post, 'locked')).toEqual({
      waitMs: 750,
      operationsUntil: NOW + 120_000,
      tries: { ...NO_TRIES, waits: 1, lockedSince: NOW },
    })
    expect(next(post, 'locked', { lockedSince: NOW - 119_900, waits: 9 })?.waitMs).toBe(100)
    expect(next(post, 'locked', { lockedSince: NOW - 120_000 })).toBeNull()
    expect(Array.from({ length: 6 }, (_, waits) => lockedWait(waits, () => 0))).toEqual([
      500, 1000, 2000, 2500, 2500, 2500,
    ])
    expect(Array.from({ length: 6 }, (_, waits) => lockedWait(waits, last))).toEqual([
      1000, 2000, 4000, 5000, 5000, 5000,
    ])
  })

  test('operations are waited for only where there is a project, and they are the reason', () => {
    expect(next({ ...post, projectId: null }, 'locked')?.operationsUntil).toBeNull()
    expect(next(post, 'not-ready')?.operationsUntil).toBeNull()
  })
})

describe('beyond the rate', () => {
  test('costs no try, however often', () => {
    expect(next(post, 'rate-limited', { limited: 50, limitedSince: NOW - 60_000, failed: 5 })?.tries).toEqual({
      ...NO_TRIES,
      failed: 5,
      limited: 51,
      limitedSince: NOW - 60_000,
    })
  })

  test('waits by chance up to 30 s, but where Neon says how long, that is the matter of the limiter', () => {
    expect(next(post, 'rate-limited')?.waitMs).toBe(500)
    expect(next(post, 'rate-limited', { limited: 20 })?.waitMs).toBe(15_000)
    expect(next(post, 'rate-limited', {}, 20_000)?.waitMs).toBe(0)
  })

  test('ends after 10 minutes, or at once where Neon asks for more', () => {
    expect(next(post, 'rate-limited', { limitedSince: NOW - 600_000 })).toBeNull()
    expect(next(post, 'rate-limited', {}, 600_001)).toBeNull()
  })
})

describe('what is not served', () => {
  test('is tried six times, after waits by chance up to 10 s', () => {
    expect(next(post, 'unavailable')).toEqual({ waitMs: 250, operationsUntil: null, tries: { ...NO_TRIES, failed: 1 } })
    expect(next(get, 'lost', { failed: 4 })?.waitMs).toBe(4_000)
    expect(next(get, 'lost', { failed: 5 })).toBeNull()
    expect(next(post, 'unavailable', { failed: 5 })).toBeNull()
  })

  test('waits at least as long as Neon says, where that is not too long', () => {
    expect(next(post, 'unavailable', {}, 9_000)?.waitMs).toBe(9_000)
    expect(next(post, 'unavailable', {}, 3_600_000)).toBeNull()
  })
})

describe('what is not there', () => {
  test('is asked for again until it would be visible, if it may have been made a moment ago', () => {
    const visibleBy = NOW + 10_000
    const gone = (call: NeonCall, now: number) =>
      nextTry(call, { kind: 'gone', retryAfterMs: null, visibleBy }, NO_TRIES, now, middle)
    for (const call of [get, post, remove])
      expect(gone(call, NOW)).toEqual({ waitMs: 750, operationsUntil: null, tries: NO_TRIES })
    expect(gone(get, NOW + 9_900)?.waitMs).toBe(100)
    expect(gone(get, visibleBy)).toBeNull()
  })
})
