import { lockMessage } from '../lock-message.ts'
import type { Match, Rule } from '../rule.ts'
import { scannedUnderLock } from '../scanned-under-lock.ts'
import { localTableChanges } from '../syntax/added.ts'
import { contentOf } from '../syntax/nodes.ts'
import { sqlName } from '../syntax/spelling.ts'
import { isSameTable, nameOf, tableOf } from '../syntax/tables.ts'

/** ATTACH PARTITION of a table whose rows have to be checked. */
export const attachPartition: Rule = {
  id: 'attach-partition',
  class: 'blocking',
  summary: 'Attaches a partition, for which its rows, and those of a default partition, are checked.',
  restorePoint: false,
  approval: 'no',
  decidedBy: 'trace',
  find: ({ node }, context) =>
    localTableChanges(node).flatMap(({ table: parent, type, command }) => {
      const partition = contentOf(command.def, 'PartitionCmd')
      if (type !== 'AT_AttachPartition' || partition?.name === undefined) return []
      const child = tableOf(partition.name)
      const bounds = `ALTER TABLE ${sqlName(child)} ADD CHECK (…) NOT VALID`
      const match: Match = {
        message: lockMessage(
          'ACCESS EXCLUSIVE',
          child,
          `while every row is checked against the bounds of the partition of \`${nameOf(parent)}\``,
        ),
        help: `Run \`${bounds}\` with the bounds as condition and validate it in migrations before: then ATTACH reads no row.`,
        table: child,
        lock: 'ACCESS EXCLUSIVE',
        scan: true,
      }
      const others = scannedUnderLock(context).filter((it) => !isSameTable(it.table ?? child, child))
      return [match, ...others]
    }),
}
