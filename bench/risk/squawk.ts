import { spawn } from 'node:child_process'
import { join } from 'node:path'
import type { RiskCase } from '../../test/migrations/risk/cases/risk-case.ts'
import type { Answer } from './judge-case.ts'

/** How squawk's rules are read, for it has no notion of a long lock or of lost values. */
export const LONG_LOCK_RULES: ReadonlySet<string> = new Set([
  'adding-field-with-default',
  'adding-foreign-key-constraint',
  'adding-not-nullable-field',
  'adding-serial-primary-key-field',
  'adding-required-field',
  'ban-concurrent-index-creation-in-transaction',
  'changing-column-type',
  'constraint-missing-not-valid',
  'disallowed-unique-constraint',
  'require-concurrent-index-creation',
  'require-concurrent-partition-attach',
  'require-concurrent-refresh-materialized-view',
  'require-concurrent-reindex',
  'ban-create-domain-with-constraint',
  'ban-alter-domain-with-add-constraint',
])
export const DATA_LOSS_RULES: ReadonlySet<string> = new Set([
  'ban-drop-column',
  'ban-drop-database',
  'ban-drop-table',
  'ban-drop-schema',
  'ban-truncate',
  'ban-truncate-cascade',
  'ban-delete-without-where',
  'ban-update-without-where',
  'changing-column-type',
])

/** Lets squawk judge a case, as one file that is run in a transaction. */
export async function askSquawk(it: RiskCase): Promise<Answer> {
  const found = await lint(`${it.sql.join(';\n')};\n`, it.alone ? [] : ['--assume-in-transaction'])
  return {
    longLock: found.some((rule) => LONG_LOCK_RULES.has(rule)),
    dataLoss: found.some((rule) => DATA_LOSS_RULES.has(rule)),
  }
}

const SQUAWK = join(import.meta.dirname, '../../node_modules/.bin/squawk')

async function lint(sql: string, flags: readonly string[]): Promise<readonly string[]> {
  const child = spawn(SQUAWK, ['--reporter', 'json', '--pg-version', '18.0', ...flags, '--stdin-filepath', 'case.sql'])
  child.stdin.end(sql)
  let output = ''
  for await (const chunk of child.stdout.setEncoding('utf8')) output += chunk
  return (JSON.parse(output) as { readonly rule_name: string }[]).map((it) => it.rule_name)
}
