import { expect, test } from 'vitest'
import { formatMark, type Mark } from '../../../src/model/mark.ts'
import { type DatabaseFacts, databaseState } from '../../../src/providers/postgres/database-state.ts'

const mark: Mark = { fleet: 'acme', catalogId: 'c1', kind: 'tenant', key: 'one' }
const ours = formatMark(mark)
const closed: DatabaseFacts = { databaseId: '1', owner: 'fleet_owner', open: false, invalid: false, comment: ours }

test.each([
  ['missing', undefined],
  ['closed', closed],
  ['open', { ...closed, open: true }],
  ['open', { ...closed, open: true, owner: 'somebody' }],
  ['invalid', { ...closed, invalid: true }],
  ['unmarked', { ...closed, comment: null }],
  ['invalid', { ...closed, comment: null, open: true, invalid: true }],
  ['foreign', { ...closed, comment: null, open: true }],
  ['foreign', { ...closed, comment: null, owner: 'somebody' }],
  ['foreign', { ...closed, comment: null, owner: 'somebody', invalid: true }],
  ['foreign', { ...closed, comment: 'kysely-fleet {' }],
  ['foreign', { ...closed, comment: 'a database' }],
  ['foreign', { ...closed, comment: formatMark({ ...mark, catalogId: 'c2' }) }],
  ['foreign', { ...closed, comment: formatMark({ ...mark, fleet: 'other' }) }],
  ['foreign', { ...closed, comment: formatMark({ ...mark, kind: 'template' }) }],
  ['foreign', { ...closed, comment: formatMark({ ...mark, key: 'two' }), invalid: true }],
])('is %s: %j', (state, facts) => {
  expect(databaseState(facts, { mark, owner: 'fleet_owner' })).toBe(state)
})
