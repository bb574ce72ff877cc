/**
 * Matches what names one of many in a refusal, and is another one for each tenant: a request, a branch, a restore point, the
 * tenant itself. Read by JavaScript and by PostgreSQL alike.
 */
export const ID_PATTERN = [
  '(?:tenant|[Dd]atabase|[Pp]roject|[Bb]ranch) "[^"]*"',
  '[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}',
  'fleet/[^ ")]+',
  '(?<![A-Za-z0-9_-])(?:p[0-9]+|[a-z]+(?:-[a-z]+)*-[a-z0-9]*[0-9][a-z0-9]*)(?![A-Za-z0-9_-])',
].join('|')

const IDS = new RegExp(ID_PATTERN, 'g')

/** Returns what failures of one cause have in common. In the server's own messages, names are what is wrong: they stay. */
export function causeOf({
  migration,
  sqlstate,
  message,
}: {
  readonly migration: string | null
  readonly sqlstate: string | null
  readonly message: string
}): string {
  return JSON.stringify([migration, sqlstate, sqlstate === null ? message.replace(IDS, '…') : message])
}
