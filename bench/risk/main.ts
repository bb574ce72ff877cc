import pLimit from 'p-limit'
import { ALL_RULES } from '../../src/migrations/risk/all-rules.ts'
import type { MigrationTrace } from '../../src/migrations/risk/trace-facts.ts'
import { traceMigrations } from '../../src/migrations/risk/trace-migrations.ts'
import type { ConnectionDescriptor } from '../../src/model/connection.ts'
import { withClient } from '../../src/postgres/connect.ts'
import { CASE_SCHEMA } from '../../test/migrations/risk/case-schema.ts'
import type { RiskCase } from '../../test/migrations/risk/cases/risk-case.ts'
import { CASES } from '../../test/migrations/risk/cases.ts'
import { compileCase } from '../../test/migrations/risk/compile-case.ts'
import { markdownTable } from '../markdown-table.ts'
import { type Answer, answerOf, judgeCase } from './judge-case.ts'
import { withDatabase, withRiskServer } from './risk-server.ts'
import { type Score, score } from './score.ts'
import { askSquawk, DATA_LOSS_RULES, LONG_LOCK_RULES } from './squawk.ts'

/** Runs the setup and the case on a copy of the schema without rows. */
async function trace(
  server: ConnectionDescriptor,
  template: string,
  it: RiskCase,
): Promise<MigrationTrace | undefined> {
  const use = async (copy: ConnectionDescriptor) =>
    withClient(copy, { applicationName: 'fleet/bench' }, async (client) => {
      await client.query(it.setup ?? 'select 1')
      const options = { ownerRole: null, statementTimeout: 30_000 }
      return (await traceMigrations(client, [compileCase(it.sql, 'case')], options))[0]
    })
  return await withDatabase(server, use, template)
}

/** Copies are made one after the other by the server anyway. */
const atOnce = pLimit(4)

const TOOLS = ['trace + rules', 'trace', 'rules', 'squawk'] as const

async function ask(server: ConnectionDescriptor, template: string, it: RiskCase): Promise<readonly Answer[]> {
  const traced = await trace(server, template, it)
  return [
    answerOf(judgeCase(it, ALL_RULES, traced)),
    answerOf(judgeCase(it, [], traced)),
    answerOf(judgeCase(it, ALL_RULES, undefined)),
    await askSquawk(it),
  ]
}

function show(what: keyof Answer, answers: readonly (readonly Answer[])[]): readonly [string, string] {
  const scores = TOOLS.map((_, tool) =>
    score(
      CASES.map((it, index) => ({
        name: it.sql.join('; '),
        truth: it[what],
        answer: answers[index]?.[tool]?.[what] ?? false,
      })),
    ),
  )
  const rows = scores.map(({ recall, precision }, tool) => [TOOLS[tool] ?? '', recall.toFixed(3), precision.toFixed(3)])
  const lists = scores.map((it, tool) => listOf(TOOLS[tool] ?? '', it))
  const title = what === 'longLock' ? 'long locks' : 'data loss'
  const count = CASES.filter((it) => it[what]).length
  return [`## ${title} (${count})\n\n${markdownTable(['', 'recall', 'precision'], rows)}`, lists.join('\n\n')]
}

function listOf(tool: string, { missed, false: wrong }: Score): string {
  const line = (kind: string) => (sql: string) => `- ${kind}: \`${sql.replaceAll('\n', ' ')}\``
  return [`### ${tool}`, ...missed.map(line('missed')), ...wrong.map(line('false'))].join('\n')
}

await withRiskServer((server) =>
  withDatabase(server, async (template) => {
    await withClient(template, { applicationName: 'fleet/bench' }, (client) => client.query(CASE_SCHEMA))
    const answers = await Promise.all(CASES.map((it) => atOnce(() => ask(server, template.database, it))))
    const [locks, lockLists] = show('longLock', answers)
    const [losses, lossLists] = show('dataLoss', answers)
    const mapping = `squawk: a long lock is any of ${[...LONG_LOCK_RULES].join(', ')}; a loss any of ${[...DATA_LOSS_RULES].join(', ')}.`
    console.log([`${CASES.length} cases. ${mapping}`, locks, lockLists, losses, lossLists].join('\n\n'))
  }),
)
