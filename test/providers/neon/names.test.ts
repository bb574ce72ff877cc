import { describe, expect, test } from 'vitest'
import {
  branchMark,
  isProjectOf,
  isSharedProjectName,
  type NeonMark,
  neonName,
  ownerAnnotations,
  ownerPrefix,
  parseNeonName,
  sharedProjectName,
  unfinishedName,
  unfinishedPrefix,
} from '../../../src/providers/neon/names.ts'

const owner = { fleet: 'acme-prod', catalogId: '0b1f6b3e-7d0e-4d5e-9a53-2f7a54c9d0aa' }
const other = { ...owner, catalogId: '11111111-7d0e-4d5e-9a53-2f7a54c9d0aa' }
const mark = (kind: NeonMark['kind'], key: string): NeonMark => ({ ...owner, kind, key })
const annotations = ownerAnnotations(owner)

test.each([
  [mark('tenant', 'north_1'), 'fleet/acme-prod/0b1f6b3e-7d0e-4d5e-9a53-2f7a54c9d0aa/north_1/db'],
  [mark('template', '1f2e'), 'fleet/acme-prod/0b1f6b3e-7d0e-4d5e-9a53-2f7a54c9d0aa/1f2e/template'],
  [mark('scratch', 'x_1'), 'fleet/acme-prod/0b1f6b3e-7d0e-4d5e-9a53-2f7a54c9d0aa/x_1/scratch'],
  [mark('restore-point', 'p7'), 'fleet/rp/p7'],
  [mark('kept-state', 'p8'), 'fleet/undo/p8'],
  [mark('rehearsal', '3-a'), 'fleet/try/3-a'],
])('a mark becomes a name, and with the annotations a mark again: %j', (it, name) => {
  expect(neonName(it)).toBe(name)
  expect(branchMark({ name, annotations })).toEqual(it)
  expect(parseNeonName(name)).toEqual(name.startsWith(ownerPrefix(owner)) ? it : { kind: it.kind, key: it.key })
})

test('a search for one tenant does not find another, one for a catalog finds all of its tenants', () => {
  expect(neonName(mark('tenant', 'ab'))).not.toContain(neonName(mark('tenant', 'a')))
  expect(neonName(mark('tenant', 'ba'))).not.toContain(neonName(mark('tenant', 'a')))
  expect(neonName(mark('tenant', 'a')).startsWith(ownerPrefix(owner))).toBe(true)
  expect(neonName({ ...mark('tenant', 'a'), ...other })).not.toContain(ownerPrefix(owner))
})

test('the longest fleet and tenant fit, and what Neon would not take, or we could not read back, is refused', () => {
  expect(neonName({ ...mark('tenant', 'i'.repeat(40)), fleet: 'f'.repeat(20) })).toHaveLength(107)
  expect(neonName(mark('rehearsal', 'k'.repeat(246)))).toHaveLength(256)
  for (const key of ['k'.repeat(247), 'a/b', 'a b', '', 'a/db\n']) {
    expect(() => neonName(mark('rehearsal', key))).toThrow(expect.objectContaining({ code: 'CONFIG_INVALID' }))
  }
})

test.each([
  'main',
  '',
  'fleet/rp/',
  'fleet/rp/a/b',
  'fleet/other/a',
  'xfleet/rp/a',
  'fleet/rp/a\n',
  'fleet/acme-prod/c/a',
  'fleet/acme-prod/c/a/db/',
  'fleet/acme-prod//a/db',
  'fleet/acme-prod/c/a_old_2026/dbx',
])('the name "%s" is not ours', (name) => {
  expect(parseNeonName(name)).toBeUndefined()
  expect(branchMark({ name, annotations })).toBeUndefined()
})

test('the project of all tenants, and what is not finished, is told from tenants', () => {
  expect(isSharedProjectName(sharedProjectName(owner))).toBe(true)
  expect(isSharedProjectName(neonName(mark('tenant', 'tenants')))).toBe(false)
  const unfinished = [
    unfinishedName(mark('tenant', 'a'), '1'),
    unfinishedName(mark('tenant', 'a'), '2'),
    unfinishedName(mark('template', 'a')),
  ]
  expect(new Set(unfinished).size).toBe(3)
  for (const name of [...unfinished, sharedProjectName(owner)]) expect(parseNeonName(name)).toBeUndefined()
  for (const name of unfinished) expect(name.startsWith(unfinishedPrefix(mark('tenant', 'a')))).toBe(true)
  expect(unfinishedName(mark('tenant', 'ab'), '1').startsWith(unfinishedPrefix(mark('tenant', 'a')))).toBe(false)
})

describe('nothing is ours by half of a mark', () => {
  const name = neonName(mark('tenant', 'a'))
  test.each([
    ['no annotations', null],
    ['none of ours', { 'github-commit-ref': 'main' }],
    ['the fleet alone', { fleet: owner.fleet }],
    ['the catalog alone', { catalog: owner.catalogId }],
    ['those of another catalog', ownerAnnotations(other)],
    ['those of another fleet', ownerAnnotations({ ...owner, fleet: 'acme' })],
  ])('%s', (_, annotations) => {
    expect(branchMark({ name, annotations })).toBeUndefined()
    expect(isProjectOf({ name, owner }, { name }, [{ annotations }])).toBe(false)
    expect(isProjectOf({ name, owner }, { name }, [{ annotations: null }, { annotations }])).toBe(false)
  })

  test('a project is ours by any of its branches, if none says otherwise', () => {
    const wanted = { name, owner }
    expect(isProjectOf(wanted, { name }, [{ annotations: {} }, { annotations }])).toBe(true)
    expect(isProjectOf(wanted, { name }, [{ annotations }, { annotations: ownerAnnotations(other) }])).toBe(false)
    expect(isProjectOf(wanted, { name }, [])).toBe(false)
    expect(isProjectOf(wanted, { name: 'my project' }, [{ annotations }])).toBe(false)
  })
})
