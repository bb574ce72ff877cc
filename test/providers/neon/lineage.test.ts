import { expect, test } from 'vitest'
import { childrenFirst, type Link, lineageOf } from '../../../src/providers/neon/lineage.ts'

const link = (id: string, parentId: string | null): Link => ({ id, parentId })
const ids = (links: readonly Link[]) => links.map(({ id }) => id)

/** Twice restored: what it was first is above what it was then, and the tenant below; another tenant hangs under the template. */
const BRANCHES = [
  link('main', null),
  link('template', 'main'),
  link('first', 'template'),
  link('second', 'first'),
  link('tenant', 'second'),
  link('point', 'tenant'),
  link('old point', 'first'),
  link('other', 'template'),
]
const isOfTenant = ({ id }: Link) => id !== 'template' && id !== 'main'
const find = (id: string) => BRANCHES.find((it) => it.id === id) ?? link(id, null)

test('a tenant is deleted with all that its restores have kept above it, children before their parents', () => {
  expect(ids(lineageOf(BRANCHES, find('tenant'), isOfTenant))).toEqual([
    'point',
    'tenant',
    'second',
    'old point',
    'first',
  ])
  expect(lineageOf(BRANCHES, find('first'), isOfTenant)).toEqual(lineageOf(BRANCHES, find('tenant'), isOfTenant))
})

test('a tenant without anything is deleted alone, whatever hangs beside it', () => {
  expect(ids(lineageOf(BRANCHES, find('other'), isOfTenant))).toEqual(['other'])
  expect(ids(lineageOf([link('tenant', 'gone')], link('tenant', 'gone'), isOfTenant))).toEqual(['tenant'])
})

test('a branch comes after all that hangs under it', () => {
  expect(ids(childrenFirst(BRANCHES, find('template'))).at(-1)).toBe('template')
  expect(childrenFirst(BRANCHES, find('template'))).toHaveLength(7)
})
