import { storableText } from '../lib/storable.ts'

const MOST = 1_000

/**
 * Returns a message as it may be kept and shown: without values of rows, so that failures with one cause are one group,
 * and without what the catalog cannot store. PostgreSQL quotes values in messages of class 22 (data) and in those that a
 * migration raises itself; in others what is quoted are names.
 */
export function storedMessage(sqlstate: string | null, message: string): string {
  const holdsValues = sqlstate !== null && /^(22|P0)/.test(sqlstate)
  const shown = holdsValues ? message.replace(/"[^"]*"|'[^']*'/g, '"…"') : message
  const storable = storableText(shown)
  return storable.length > MOST ? `${storable.slice(0, MOST)}…`.toWellFormed() : storable
}
