import { describe, expect, test } from 'vitest'
import { lossyTypeChange } from '../../../../src/migrations/risk/rules/lossy-type-change.ts'
import { foundIn, retyped, standing, traced } from './found-in.ts'

describe('a trace', () => {
  test.each([
    ['integer', 'bigint', false],
    ['bigint', 'integer', false],
    ['bigint', 'double precision', true],
    ['integer', 'double precision', false],
    ['integer', 'numeric(10, 2)', false],
    ['numeric(10,2)', 'numeric(12, 4)', false],
    ['numeric(10,2)', 'numeric(10, 1)', true],
    ['numeric(10,2)', 'numeric', false],
    ['numeric', 'numeric(10, 2)', true],
    ['numeric(10,0)', 'bigint', false],
    ['numeric(10,2)', 'integer', true],
    ['double precision', 'numeric', true],
    ['double precision', 'real', true],
    ['real', 'double precision', false],
    ['character varying(50)', 'varchar(100)', false],
    ['character varying(50)', 'varchar(20)', false],
    ['text', 'varchar(20)', false],
    ['text', 'char(20)', false],
    ['character(10)', 'text', false],
    ['character varying(5)[]', 'varchar(10)[]', false],
    ['text[]', 'text', false],
    ['text', 'citext', false],
    ['timestamp without time zone', 'timestamptz', false],
    ['timestamp with time zone', 'timestamp', false],
    ['timestamp(3) without time zone', 'timestamptz(6)', false],
    ['timestamp with time zone', 'timestamptz(0)', true],
    ['timestamp with time zone', 'date', true],
    ['timestamp with time zone', 'time', true],
    ['date', 'timestamp', false],
    ['time without time zone', 'interval', false],
    ['interval(3)', 'interval', false],
    ['json', 'jsonb', true],
    ['jsonb', 'json', false],
    ['jsonb', 'text', false],
    ['uuid', 'text', false],
    ['cidr', 'inet', false],
    ['inet', 'cidr', true],
    ['bit varying(8)', 'varbit(16)', false],
    ['mood', 'text', false],
    ['integer', 'posint', false],
  ])('says whether %s to %s loses values: %#', (from, to, loses) => {
    const trace = traced({ before: [standing('t', { c: from })], retyped: [retyped('t', 'c', from, to)] })
    expect(foundIn(lossyTypeChange, `alter table t alter c type ${to}`, { trace })).toHaveLength(loses ? 1 : 0)
  })

  test.each([
    ['text', 'int', 'c::int', false],
    ['text', 'mood', 'c::mood', false],
    ['mood', 'mood2', 'c::text::mood2', false],
    ['integer', 'text', 'c::text', false],
    ['integer', 'varchar(20)', 'c::varchar(20)', false],
    ['text', 'varchar(20)', 'c::varchar(20)', true],
    ['text', 'hstore', 'c::hstore', true],
    ['timestamp without time zone', 'timestamptz', "c at time zone 'UTC'", false],
    ['timestamp without time zone', 'timestamptz', "c at time zone 'Europe/Zurich'", true],
    ['text', 'text', 'upper(c)', true],
    ['text', 'text', 'trim(c)::text', true],
    ['double precision', 'bigint', 'c::bigint', true],
    ['timestamp without time zone', 'date', 'c::date', true],
  ])('says whether %s to %s using %s loses values: %#', (from, to, using, loses) => {
    const trace = traced({ before: [standing('t', { c: from })] })
    const sql = `alter table t alter c type ${to} using ${using}`
    expect(foundIn(lossyTypeChange, sql, { trace })).toHaveLength(loses ? 1 : 0)
  })
})
