import type { ConstrType, Node } from 'libpg-query'
import type { LockMode } from '../../../model/finding.ts'
import { blockedBy, lockMessage } from '../lock-message.ts'
import type { Match, Rule, RuleContext, TableRef } from '../rule.ts'
import { type AddedColumn, type AddedForeignKey, addedForeignKeys, localTableChanges } from '../syntax/added.ts'
import { columnConstraints } from '../syntax/alter-table.ts'
import { contentOf } from '../syntax/nodes.ts'
import { sqlIdentifier, sqlName } from '../syntax/spelling.ts'
import { isSameTable, nameOf, tableOf } from '../syntax/tables.ts'

/** ADD FOREIGN KEY that looks every row up, also in a new column with a default, and ENFORCED for one that was not. */
export const addForeignKey: Rule = {
  id: 'add-foreign-key',
  class: 'blocking',
  summary: 'Adds a foreign key, for which every row is looked up in the other table.',
  restorePoint: false,
  approval: 'big',
  decidedBy: 'trace',
  find: ({ node }, context) => [...addedKeys(node, context), ...enforcedKeys(node)],
}

function addedKeys(node: Node | null, context: RuleContext): readonly Match[] {
  if (contentOf(node, 'AlterTableStmt') === undefined) return []
  return addedForeignKeys(node)
    .filter(({ constraint, column }) => !constraint.skip_validation && (!column || hasDefault(column)))
    .flatMap((added) => [
      lookingUp(added),
      // A table made here bothers nobody, but its rows, if it has some by now, are looked up in one that others use.
      ...(context.madeHere.table(added.table) && wasFilled(context, added.table) ? [readingReferenced(added)] : []),
    ])
}

function lookingUp(added: AddedForeignKey): Match {
  const { table, referenced, column } = added
  const lock: LockMode = column ? 'ACCESS EXCLUSIVE' : 'SHARE ROW EXCLUSIVE'
  const own = `\`${nameOf(table)}\``
  const other = `\`${nameOf(referenced)}\``
  return {
    message: isSameTable(table, referenced)
      ? lockMessage(lock, table, 'while every row is looked up in the table itself')
      : column
        ? `${lock} on ${own} blocks reads and writes, and SHARE ROW EXCLUSIVE on ${other} writes, while every row of ${own} is looked up.`
        : `${lock} on ${own} and ${other} blocks ${blockedBy(lock)} to both while every row of ${own} is looked up.`,
    help: helpFor(added),
    table,
    lock,
    scan: true,
  }
}

function readingReferenced({ table, referenced }: AddedForeignKey): Match {
  return {
    message: lockMessage(
      'SHARE ROW EXCLUSIVE',
      referenced,
      `while the rows of \`${nameOf(table)}\` are looked up in it`,
    ),
    help: 'Write the foreign key into the CREATE TABLE, before rows are inserted.',
    table: referenced,
    lock: 'SHARE ROW EXCLUSIVE',
    scan: true,
  }
}

function helpFor({ table, constraint, column }: AddedForeignKey): string {
  const owner = sqlName(table)
  const name = sqlIdentifier(constraint.conname ?? `${table.name}_fkey`)
  if (column === undefined) {
    return `Append NOT VALID, name it, and in the next migration \`ALTER TABLE ${owner} VALIDATE CONSTRAINT ${name}\`, which blocks neither reads nor writes.`
  }
  return `Add the column without it, then \`ALTER TABLE ${owner} ADD CONSTRAINT ${name} FOREIGN KEY … NOT VALID\`, and validate it in the next migration.`
}

/** Any default makes PostgreSQL look, even NULL. */
function hasDefault({ definition }: AddedColumn): boolean {
  return columnConstraints(definition).some(({ contype }) => contype && FILLING.has(contype))
}

const FILLING: ReadonlySet<ConstrType> = new Set(['CONSTR_DEFAULT', 'CONSTR_IDENTITY', 'CONSTR_GENERATED'])

function wasFilled({ statements, index }: RuleContext, table: TableRef): boolean {
  return statements.slice(0, index).some(({ node }) => {
    const target =
      contentOf(node, 'InsertStmt')?.relation ??
      contentOf(node, 'CopyStmt')?.relation ??
      contentOf(node, 'CreateTableAsStmt')?.into?.rel
    return target !== undefined && isSameTable(tableOf(target), table)
  })
}

function enforcedKeys(node: Node | null): readonly Match[] {
  return localTableChanges(node).flatMap(({ table, type, command }) => {
    const { alterEnforceability, is_enforced, conname } = contentOf(command.def, 'ATAlterConstraint') ?? {}
    if (type !== 'AT_AlterConstraint' || !alterEnforceability || !is_enforced) return []
    return [
      {
        message: lockMessage('ACCESS EXCLUSIVE', table, `while every row is looked up to enforce \`${conname}\``),
        help: `Add the foreign key anew under another name with NOT VALID, validate it in the next migration, and drop \`${conname}\`.`,
        table,
        lock: 'ACCESS EXCLUSIVE',
        scan: true,
      },
    ]
  })
}
