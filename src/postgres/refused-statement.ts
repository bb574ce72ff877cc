import { DatabaseError } from 'pg'

/** Returns an error as node-postgres raises it for a statement that the server refuses. */
export function refusedStatement(message: string): Error {
  return new DatabaseError(message, message.length, 'error')
}
