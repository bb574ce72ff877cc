import { describe, expect, test } from 'vitest'
import { questionOf, renderRestored, renderRestorePoints } from '../../src/cli/renderers/render-restore-points.ts'
import type { RestorePoint, RestoreResult } from '../../src/model/restore-point.ts'
import { page } from './example-plan.ts'

const at = new Date('2026-01-02T03:04:05Z')
const point: RestorePoint = {
  id: 'p7',
  tenantId: 'acme',
  state: 'ready',
  reason: 'restore',
  server: 'main',
  database: 'd',
  version: '0002_price',
  history: ['0001_items', '0002_price'],
  bytes: 1_000,
  grade: 'copy',
  createdAt: at,
  readyAt: at,
  expiresAt: at,
  goesWithTenant: false,
  error: null,
}
const result: RestoreResult = {
  tenantId: 'acme',
  point: { ...point, state: 'restored', reason: 'manual' },
  kept: { ...point, id: 'p8' },
  loss: { kind: 'none' },
  age: 1_000,
  closedFor: 20,
  settingsLost: [],
  wayBack: 'open',
  endpointChanged: false,
  salvage: null,
}

test('a restore point that goes with its tenant says so where the others say when they expire', () => {
  expect(renderRestorePoints([point], page)).toContain('2026-01-02')
  const bound = renderRestorePoints([{ ...point, goesWithTenant: true }], page)
  expect(bound).toContain('with the tenant')
  expect(bound).not.toContain('2026-01-02')
})

test('who restores a tenant that has another address then is told to hand it on', () => {
  expect(renderRestored(result)).not.toContain('address')
  expect(renderRestored({ ...result, endpointChanged: true })).toContain(
    ' It has another address now. Give its application: fleet tenant url acme',
  )
})

test('one row is, two are', () => {
  const told = (newer: number, older: number) =>
    renderRestored({ ...result, loss: { kind: 'exact', newer, older, tables: [] } })
  expect(told(1, 1)).toContain(
    '1 row inserted or updated since is only in p8 now; 1 row deleted or updated since is back.',
  )
  expect(told(2, 0)).toContain(
    '2 rows inserted or updated since are only in p8 now; 0 rows deleted or updated since are back.',
  )
  const atMost = (rows: number) => renderRestored({ ...result, loss: { kind: 'at-most', rows, tables: [] } })
  expect(atMost(1)).toContain('At most 1 row written since is only in p8 now.')
  expect(atMost(2)).toContain('At most 2 rows written since are only in p8 now.')
})

describe('who restores a tenant', () => {
  test.each([
    ['open', ' Back again: fleet restore acme --to p8\n'],
    [
      'last',
      ' Back again, after which it can have no restore point and not return any more: fleet restore acme --to p8\n',
    ],
    [
      'closed',
      ' It cannot return any more, and can have no restore point. The rows that only p8 has: fleet restore-point',
    ],
  ] as const)('hears whether it can be taken back: %s', (wayBack, expected) => {
    const said = `${renderRestored({ ...result, wayBack })}\n`
    expect(said).toContain(expected)
    expect(said.includes('--to p8')).toBe(wayBack !== 'closed')
  })

  test('is asked with the state that it returns to, and what that costs', () => {
    const plan = { tenantId: 'acme', point: { ...point, readyAt: new Date(2026, 10, 23, 1, 2) } }
    const price = ', after which it can have no restore point and not return any more'
    const asked = 'tenant acme to p7, of 2026-11-23 01:02, at 0002_price'
    expect(questionOf({ ...plan, isUnfinished: false, isLast: false })).toBe(`Return ${asked}?`)
    expect(questionOf({ ...plan, isUnfinished: false, isLast: true })).toBe(`Return ${asked}${price}?`)
    expect(questionOf({ ...plan, isUnfinished: true, isLast: false })).toBe(`Go on returning ${asked}?`)
  })

  test('is not told that something was written where nobody has looked', () => {
    const loss = { kind: 'unknown', why: 'another process has looked, and done the restore' } as const
    expect(renderRestored({ ...result, loss })).toContain('What was written since, if anything, is only in p8 now.')
  })
})
