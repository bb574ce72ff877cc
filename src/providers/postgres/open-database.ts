import { formatMark, type Mark } from '../../model/mark.ts'
import { quoteIdentifier, quoteLiteral } from '../../postgres/identifiers.ts'

/**
 * Returns the message that marks a closed database, takes it from PUBLIC and opens it, as one transaction: whoever
 * finds it open finds it complete. `role` may connect besides the owner.
 */
export function openDatabase({ name, mark, role }: { name: string; mark: Mark; role?: string }): string {
  const database = quoteIdentifier(name)
  return [
    `comment on database ${database} is ${quoteLiteral(formatMark(mark))}`,
    `revoke all on database ${database} from public`,
    ...(role === undefined ? [] : [`grant connect on database ${database} to ${quoteIdentifier(role)}`]),
    `alter database ${database} allow_connections true`,
  ].join(';\n')
}
