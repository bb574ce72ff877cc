import type { AlterDomainStmt } from 'libpg-query'
import { tablesBefore } from '../known-tables.ts'
import { lockMessage } from '../lock-message.ts'
import type { Match, Rule, RuleContext, TableRef } from '../rule.ts'
import { contentOf, wordsOf } from '../syntax/nodes.ts'
import { sqlName } from '../syntax/spelling.ts'
import { nameOf, tableNamed } from '../syntax/tables.ts'
import { refOf } from '../traced-facts.ts'
import { parseFormattedType } from '../type-change.ts'

/** ALTER DOMAIN … ADD CONSTRAINT, SET NOT NULL, VALIDATE CONSTRAINT. */
export const alterDomainAddConstraint: Rule = {
  id: 'alter-domain-add-constraint',
  class: 'blocking',
  summary: 'Checks every row of every table that uses a domain while nobody can write to them.',
  restorePoint: false,
  approval: 'big',
  decidedBy: 'trace',
  find: ({ node }, context) => {
    const alter = contentOf(node, 'AlterDomainStmt')
    const domain = tableNamed(wordsOf(alter?.typeName))
    if (alter === undefined || !checksRows(alter) || context.madeHere.type(domain.name)) return []
    const help = helpFor(alter, domain)
    const common = { ...(help && { help }), lock: 'SHARE', scan: true } as const satisfies Partial<Match>
    const tables = tablesOf(domain, context)
    if (tables === undefined) {
      const everywhere = `SHARE on every table that uses domain \`${nameOf(domain)}\` blocks writes while its rows are checked.`
      return [{ ...common, message: everywhere }]
    }
    return tables.map((table) => ({
      ...common,
      message: lockMessage('SHARE', table, `while every row is checked against domain \`${nameOf(domain)}\``),
      table,
    }))
  },
}

/** `C` adds a constraint, `O` sets NOT NULL, `V` validates. */
function checksRows({ subtype, def }: AlterDomainStmt): boolean {
  return subtype === 'O' || subtype === 'V' || (subtype === 'C' && !contentOf(def, 'Constraint')?.skip_validation)
}

function helpFor({ subtype, def }: AlterDomainStmt, domain: TableRef): string | undefined {
  if (subtype === 'V') return undefined
  if (contentOf(def, 'Constraint')?.contype === 'CONSTR_CHECK') {
    return 'Append NOT VALID, which takes no lock and checks new values only: to validate it later still blocks writes.'
  }
  const check = `ALTER DOMAIN ${sqlName(domain)} ADD CHECK (VALUE IS NOT NULL) NOT VALID`
  return `Run \`${check}\` instead, which takes no lock and checks new values only.`
}

/** Undefined: what the tables look like is not known. */
function tablesOf(domain: TableRef, { trace }: RuleContext): readonly TableRef[] | undefined {
  return tablesBefore(trace)
    ?.filter(({ columns }) => columns.some(({ type }) => parseFormattedType(type).name === domain.name))
    .map(refOf)
}
