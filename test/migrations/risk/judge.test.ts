import { describe, expect, test } from 'vitest'
import { judge } from '../../../src/migrations/risk/judge.ts'
import type { Match, Rule } from '../../../src/migrations/risk/rule.ts'
import type { Statement } from '../../../src/migrations/risk/statement.ts'
import type { TableSize } from '../../../src/migrations/risk/table-size.ts'
import type { StatementTrace, TracedRelation, TraceResult } from '../../../src/migrations/risk/trace-facts.ts'
import type { LockMode } from '../../../src/model/finding.ts'

const ORDERS = { schema: null, name: 'orders' }

describe('The trace decides', () => {
  test('Lock, rewrite and scan are what the server did, not what the rule thinks', () => {
    const match = { message: 'm', table: ORDERS, lock: 'SHARE' as const, rewrite: true, dataLoss: true }
    const { findings } = judged(
      [[rule('drop-column', { class: 'destructive', decidedBy: 'rule' }), match]],
      traced(relation('orders')),
    )
    expect(findings).toMatchObject([
      { table: 'orders', lock: 'ACCESS EXCLUSIVE', rewrite: false, scan: false, dataLoss: true, source: 'trace' },
    ])
  })

  test.each<[string, Partial<TracedRelation>, number]>([
    ['nothing', {}, 0],
    ['a scan', { scanned: true }, 1],
    ['a rewrite', { rewritten: true }, 1],
    ['an index build', { indexBuilt: true }, 1],
  ])('A match that the trace was to decide, and the server did %s', (_, work, count) => {
    const { findings } = judged(
      [[rule('set-not-null'), { message: 'm', table: ORDERS }]],
      traced(relation('orders', work)),
    )
    expect(findings.map((it) => it.rule)).toEqual(Array(count).fill('set-not-null'))
  })

  test('A table is taken with its partitions', () => {
    const facts = traced(
      relation('orders', { kind: 'partitioned-table' }),
      relation('orders_1', { rewritten: true, scanned: true, parent: { schema: 'public', name: 'orders' } }),
    )
    const { findings } = judged(
      [[rule('change-column-type', { class: 'rewrite' }), { message: 'm', table: ORDERS }]],
      facts,
    )
    expect(findings).toMatchObject([{ rule: 'change-column-type', table: 'orders', rewrite: true, scan: true }])
  })

  test('What a rule calls by the name of an index is the table that was worked on', () => {
    const match = { message: 'm', table: { schema: null, name: 'orders_pkey' } }
    const facts = traced(
      relation('customers', { lock: 'ROW SHARE' }),
      relation('orders', { lock: 'SHARE', indexBuilt: true }),
    )
    expect(judged([[rule('reindex-blocking'), match]], facts).findings).toMatchObject([
      { table: 'orders', lock: 'SHARE' },
    ])
  })

  test('An index that is held in ACCESS EXCLUSIVE stops readers of a table that is not', () => {
    const facts = traced(relation('orders', { lock: 'ACCESS SHARE', indexLocked: true, indexBuilt: true }))
    expect(judged([], facts).findings).toMatchObject([{ rule: 'traced-scan', lock: 'ACCESS EXCLUSIVE', rewrite: true }])
  })

  test('Code that cannot be read loses no rows where none were touched', () => {
    const match = { message: 'm', table: ORDERS, dataLoss: true }
    const opaque = rule('opaque-code', { class: 'unknown', decidedBy: 'rule', restorePoint: true })
    const lossOf = (work: Partial<TracedRelation>) =>
      judged([[opaque, match]], traced(relation('orders', work))).findings
    expect(lossOf({})).toMatchObject([{ dataLoss: false, restorePoint: true }])
    expect(lossOf({ written: true })).toMatchObject([{ dataLoss: true }])
    expect(lossOf({ emptied: true })).toMatchObject([{ dataLoss: true }])
  })
})

describe('What no rule explains', () => {
  test.each<[string, Partial<TracedRelation>, string[]]>([
    ['a rewrite', { rewritten: true, scanned: true }, ['traced-rewrite']],
    ['a scan', { scanned: true }, ['traced-scan']],
    ['a scan under a lock that lets writes pass', { scanned: true, lock: 'SHARE UPDATE EXCLUSIVE' }, []],
    ['a lock alone', {}, []],
  ])('%s', (_, work, rules) => {
    expect(judged([], traced(relation('orders', work))).findings.map((it) => it.rule)).toEqual(rules)
  })

  test.each<[string, Partial<StatementTrace>, string[]]>([
    ['a table', { lost: [lost('table')] }, ['Traced: the rows of `orders` are gone.']],
    ['a column', { lost: [lost('column', 'phone')] }, ['Traced: the values of `orders.phone` are gone.']],
    ['a generated column', { lost: [{ ...lost('column', 'phone'), generated: true }] }, []],
    ['a view', { lost: [lost('view')] }, []],
    [
      'a lossy type',
      { retyped: [retyped('numeric(10,2)', 'integer')] },
      ['Traced: `orders.price` is converted from `numeric(10,2)` to `integer`, which may lose values.'],
    ],
    ['a wider type', { retyped: [retyped('integer', 'bigint')] }, []],
  ])('%s', (_, facts, messages) => {
    const { findings, verdict } = judged([], traced(relation('orders')), facts)
    expect(findings.map((it) => it.message)).toEqual(messages)
    expect(verdict).toBe(messages.length > 0 ? 'risky' : 'safe')
  })

  test('A loss that a rule has named is not told twice', () => {
    const dropTable = rule('drop-table', { class: 'destructive', decidedBy: 'rule', restorePoint: true })
    const { findings } = judged(
      [[dropTable, { message: 'm', table: ORDERS, dataLoss: true }]],
      traced(relation('orders')),
      {
        lost: [lost('table')],
      },
    )
    expect(findings.map((it) => it.rule)).toEqual(['drop-table'])
  })
})

describe('Without a trace', () => {
  const match = { message: 'm', table: ORDERS, lock: 'ACCESS EXCLUSIVE' as const, scan: true }

  test.each<[string, TraceResult | undefined]>([
    ['no server', undefined],
    ['a statement that ran alone', { kind: 'ran-alone', before: [] }],
  ])('The rules stand: %s', (_, result) => {
    const { findings } = judged([[rule('set-not-null'), match]], result)
    expect(findings).toMatchObject([{ rule: 'set-not-null', lock: 'ACCESS EXCLUSIVE', scan: true, source: 'rule' }])
  })

  test('A statement that failed is risky, and so is one that needs data', () => {
    const failed = {
      kind: 'failed' as const,
      sqlstate: '42P01',
      message: 'relation "x" does not exist',
      needsData: false,
    }
    expect(judged([], failed)).toMatchObject({
      verdict: 'risky',
      findings: [{ rule: 'not-traced', class: 'unknown', approval: true, message: expect.stringContaining('42P01') }],
    })
    expect(judged([], { ...failed, needsData: true }).findings).toMatchObject([
      { rule: 'needs-data', restorePoint: true },
    ])
  })

  test('One reason is told once, at the first of its statements', () => {
    const reason = 'statement 1 of `0001` failed'
    const results = [1, 2, 3].map((): TraceResult => ({ kind: 'not-traced', reason }))
    const { findings } = judge({
      statements: [statement, statement, statement],
      matches: [[], [], []],
      trace: { migration: '0002', statements: results },
      sizes: NO_SIZES,
    })
    expect(findings).toMatchObject([{ rule: 'not-traced', statement: 1, message: `It was not traced: ${reason}.` }])
  })
})

describe('Size and approval', () => {
  const match = { message: 'Rewrites `orders`.', table: ORDERS }
  const work = traced(relation('orders', { rewritten: true, scanned: true }))

  test.each<[string, TableSize | undefined, boolean]>([
    ['unknown', undefined, false],
    ['small', { rows: 10, bytes: 10, tenant: 'acme' }, false],
    ['many rows', { rows: 1_000_000, bytes: 10, tenant: 'acme' }, true],
    ['many bytes', { rows: 10, bytes: 2 ** 30, tenant: 'acme' }, true],
  ])('Approval for big tables: %s', (_, size, approval) => {
    const { findings } = judged([[rule('change-column-type', { approval: 'big' }), match]], work, {}, size)
    expect(findings).toMatchObject([{ approval, refused: false }])
  })

  test('The message says how big', () => {
    const { findings } = judged(
      [[rule('change-column-type'), match]],
      work,
      {},
      { rows: 12_345_678, bytes: 1, tenant: 'acme' },
    )
    expect(findings[0]?.message).toBe('Rewrites `orders` (largest: tenant `acme`, ~12 million rows).')
  })

  test('What is refused cannot be agreed to', () => {
    const refused = rule('transaction-control', { class: 'non-transactional', decidedBy: 'rule', approval: 'refused' })
    expect(judged([[refused, { message: 'm' }]], work, {}).findings).toContainEqual(
      expect.objectContaining({ rule: 'transaction-control', approval: false, refused: true }),
    )
  })
})

describe('The verdict is the first that holds', () => {
  const risky = rule('a', { class: 'destructive', decidedBy: 'rule', restorePoint: true })
  const breaking = rule('b', { class: 'breaking', decidedBy: 'rule' })
  const blocking = rule('c', { class: 'blocking', decidedBy: 'rule' })
  const rewriting = rule('d', { class: 'rewrite', decidedBy: 'rule' })
  const irreversible = rule('e', { class: 'irreversible', decidedBy: 'rule' })
  const advice = rule('f', { class: 'advice', decidedBy: 'rule' })
  test.each([
    ['risky', [risky, breaking, blocking]],
    ['breaking', [breaking, blocking, advice]],
    ['blocking', [blocking, advice]],
    ['blocking', [rewriting]],
    ['safe', [irreversible, advice]],
    ['safe', []],
  ])('%s', (verdict, rules) => {
    expect(judged(rules.map((it) => [it, { message: 'm' }])).verdict).toBe(verdict)
  })
})

const statement: Statement = { sql: 'select 1', node: null, line: 3, parameters: false }
const NO_SIZES = { of: () => undefined, bigRows: 1_000_000, bigBytes: 2 ** 30 }

function judged(
  matches: readonly (readonly [Rule, Match])[],
  result?: TraceResult,
  facts: Partial<StatementTrace> = {},
  size?: TableSize,
) {
  const full: TraceResult | undefined =
    result?.kind === 'traced' ? { kind: 'traced', facts: { ...result.facts, ...facts } } : result
  return judge({
    statements: [statement],
    matches: [matches.map(([it, match]) => ({ rule: it, match }))],
    trace: full && { migration: '0001', statements: [full] },
    sizes: { ...NO_SIZES, of: () => size },
  })
}

function rule(id: string, more: Partial<Rule> = {}): Rule {
  const plain = { class: 'blocking', summary: '', restorePoint: false, approval: 'no', decidedBy: 'trace' } as const
  return { ...plain, id, find: () => [], ...more }
}

function traced(...relations: TracedRelation[]): TraceResult {
  const before = relations.map(({ schema, name }) => ({ schema, name, columns: [], old: true }))
  return { kind: 'traced', facts: { before, relations, lost: [], retyped: [] } }
}

function relation(name: string, more: Partial<TracedRelation> = {}): TracedRelation {
  const lock: LockMode = 'ACCESS EXCLUSIVE'
  const work = { rewritten: false, indexBuilt: false, indexLocked: false, scanned: false }
  return { schema: 'public', name, kind: 'table', lock, lockIsNew: true, ...work, ...more }
}

function lost(kind: 'table' | 'column' | 'view', column: string | null = null) {
  return {
    kind,
    name: `public.orders${column ?? ''}`,
    relation: { schema: 'public', name: 'orders' },
    column,
    generated: false,
  }
}

function retyped(from: string, to: string) {
  return { relation: { schema: 'public', name: 'orders' }, column: 'price', from, to }
}
