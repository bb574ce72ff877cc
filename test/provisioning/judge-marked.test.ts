import { expect, test } from 'vitest'
import type { MarkKind } from '../../src/model/mark.ts'
import { judgeMarked } from '../../src/provisioning/judge-marked.ts'

const NOW = 1_000
const judge = (kind: MarkKind, databaseId: string | null, forgottenAt = 0) =>
  judgeMarked({ name: 'f_a%b', databaseId, mark: { kind, key: 'k' } }, { now: NOW, forgottenAt: () => forgottenAt })

test.each<[MarkKind, database: string, role: string]>([
  ['template', 'remove', 'nothing'],
  ['restore-point', 'remove', 'nothing'],
  ['rehearsal', 'remove', 'nothing'],
  ['tenant', 'leave', 'remove'],
  ['kept-state', 'leave', 'nothing'],
  ['scratch', 'remove', 'remove'],
  ['catalog', 'nothing', 'nothing'],
])('of a %s without a record, the database: %s; a login role alone: %s', (kind, database, role) => {
  expect(judge(kind, '7')?.kind ?? 'nothing').toBe(database)
  expect(judge(kind, null)?.kind ?? 'nothing').toBe(role)
})

test('a scratch database is in use until it is forgotten, and one whose key says nothing is never forgotten', () => {
  expect(judge('scratch', '7', NOW)).toBeUndefined()
  expect(judge('scratch', '7', NOW - 1)?.kind).toBe('remove')
  expect(judge('scratch', '7', Number.NaN)).toBeUndefined()
})

test('a mark of a kind that is not known is left alone', () => {
  expect(judge('pooled' as MarkKind, '7')).toBeUndefined()
  expect(judge('constructor' as MarkKind, '7')).toBeUndefined()
})

test('a second one of the name of a tenant was never in use', () => {
  const spare = { name: 'f_a', databaseId: '7', mark: { kind: 'tenant', key: 'a' }, isSpare: true } as const
  expect(judgeMarked(spare, { now: NOW, forgottenAt: () => 0 })?.kind).toBe('remove')
})

test('one of a tenant that nobody was ever in may go, though no other has its name', () => {
  const unused = { name: 'f_a', databaseId: '7', mark: { kind: 'tenant', key: 'a' }, isUnused: true } as const
  expect(judgeMarked(unused, { now: NOW, forgottenAt: () => 0 })?.kind).toBe('remove')
  const kept = { ...unused, mark: { kind: 'kept-state', key: 'p1' } } as const
  expect(judgeMarked(kept, { now: NOW, forgottenAt: () => 0 })?.kind).toBe('leave')
})

test('what was a tenant and cannot be adopted by its name is left with what can be done instead', () => {
  const found = { name: 'f_a', databaseId: '7', mark: { kind: 'tenant', key: 'a' }, remedy: 'Look into it.' } as const
  expect(judgeMarked(found, { now: NOW, forgottenAt: () => 0 })).toMatchObject({
    kind: 'leave',
    remedy: 'Look into it.',
  })
})

test('what was a tenant is offered for adoption by its very name', () => {
  expect(judge('tenant', '7')?.remedy).toBe(`fleet tenant adopt --like 'f\\_a\\%b'`)
  expect(judge('kept-state', '7')?.remedy).toContain(`'f\\_a\\%b'`)
})
