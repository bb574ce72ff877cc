import type { FuncCall, Node } from 'libpg-query'
import type { MadeHere, Match, Rule, TableRef } from '../rule.ts'
import { tableChanges } from '../syntax/alter-table.ts'
import { contentOf, contentsOf, optionOf, running, within, wordsOf } from '../syntax/nodes.ts'
import { nameOf, tableNamed, tableOf } from '../syntax/tables.ts'

export const sequenceReset: Rule = {
  id: 'sequence-reset',
  class: 'irreversible',
  summary: 'Moves a sequence, so that it may hand out ids that were used.',
  restorePoint: true,
  approval: 'no',
  decidedBy: 'rule',
  find: ({ node }, { madeHere }) => [
    ...running(node, 'FuncCall')
      .filter(({ funcname }) => wordsOf(funcname).at(-1) === 'setval')
      .flatMap((call) => movedByCall(call, madeHere)),
    ...movedSequence(node, madeHere),
    ...movedIdentities(node, madeHere),
    ...restartedByTruncate(node),
  ],
}

function movedByCall({ args = [] }: FuncCall, madeHere: MadeHere): readonly Match[] {
  const [first] = args
  const owner = within(first, 'FuncCall').find(({ funcname }) => wordsOf(funcname).at(-1) === 'pg_get_serial_sequence')
  const [text = '', column = ''] = literals(owner === undefined ? first && [first] : owner.args)
  const named = nameInText(text)
  if (owner === undefined)
    return madeHere.sequence(named) ? [] : [moved(text === '' ? 'A sequence' : `The sequence \`${nameOf(named)}\``)]
  return madeHere.column(named, column) ? [] : [moved(`The sequence of \`${nameOf(named)}.${column}\``)]
}

function movedSequence(node: Node | null, madeHere: MadeHere): readonly Match[] {
  const { sequence, options } = contentOf(node, 'AlterSeqStmt') ?? {}
  if (!resets(options) || madeHere.sequence(tableOf(sequence))) return []
  return [moved(`The sequence \`${nameOf(tableOf(sequence))}\``)]
}

function movedIdentities(node: Node | null, madeHere: MadeHere): readonly Match[] {
  return tableChanges(node)
    .filter(({ type, command }) => type === 'AT_SetIdentity' && resets(contentOf(command.def, 'List')?.items))
    .filter(({ table, command }) => !madeHere.column(table, command.name ?? ''))
    .map(({ table, command }) => ({ ...moved(`The sequence of \`${nameOf(table)}.${command.name}\``), table }))
}

function restartedByTruncate(node: Node | null): readonly Match[] {
  const { restart_seqs, relations } = contentOf(node, 'TruncateStmt') ?? {}
  if (!restart_seqs) return []
  return contentsOf(relations, 'RangeVar')
    .map(tableOf)
    .map((table) => ({ ...moved(`Every sequence that \`${nameOf(table)}\` owns`), table }))
}

function resets(options: readonly Node[] | undefined): boolean {
  return optionOf(options, 'restart') !== undefined || optionOf(options, 'start') !== undefined
}

/** START counts too: the next RESTART goes there. */
function moved(sequence: string): Match {
  return {
    message: `${sequence} gets another position, and may hand out ids that were used; a restore point is taken first.`,
  }
}

/** Strings of SQL, also those that are cast: `'orders_id_seq'::regclass`. */
function literals(nodes: readonly Node[] | undefined): readonly string[] {
  return (nodes ?? []).map((node) => {
    const literal = contentOf(contentOf(node, 'TypeCast')?.arg ?? node, 'A_Const')
    return literal?.sval?.sval ?? ''
  })
}

/** `billing."Orders"` as PostgreSQL reads a name in a string. */
function nameInText(text: string): TableRef {
  const words = text.match(/"(?:[^"]|"")*"|[^."]+/g) ?? []
  return tableNamed(
    words.map((word) => (word.startsWith('"') ? word.slice(1, -1).replaceAll('""', '"') : word.toLowerCase())),
  )
}
