import type { ClientBase } from '../../postgres/connect.ts'
import { quoteIdentifier } from '../../postgres/identifiers.ts'
import type { CopyStrategy } from './copy-strategy.ts'

export interface ClosedDatabase {
  readonly name: string
  readonly template: string
  readonly owner: string
  readonly strategy: CopyStrategy
}

const STRATEGY_CLAUSE: Readonly<Record<CopyStrategy, string>> = {
  default: '',
  'wal-log': 'strategy wal_log',
  'file-copy': 'strategy file_copy',
  clone: 'strategy file_copy',
}

/**
 * Copies a template into a database that nobody can connect to: CREATE DATABASE runs in no transaction, and a copy
 * without ALLOW_CONNECTIONS false would be open to PUBLIC until the next statement.
 */
export async function createClosedDatabase(
  client: ClientBase,
  { name, template, owner, strategy }: ClosedDatabase,
): Promise<void> {
  if (strategy === 'clone') await client.query('set file_copy_method = clone')
  await client.query(
    `create database ${quoteIdentifier(name)} template ${quoteIdentifier(template)} ${STRATEGY_CLAUSE[strategy]}
     owner ${quoteIdentifier(owner)} allow_connections false`,
  )
  if (strategy === 'clone') await client.query('reset file_copy_method')
}
