import { FleetError } from '../../model/errors.ts'
import { parseMark } from '../../model/mark.ts'

/** Makes the error for a database or role that bears a name of ours, and not our mark. */
export function foreignRefusal(
  what: 'database' | 'role',
  name: string,
  server: string,
  comment: string | null,
): FleetError {
  const mark = parseMark(comment)
  const whose = mark
    ? `carries the mark of ${mark.kind} "${mark.key}" of fleet "${mark.fleet}" (catalog ${mark.catalogId})`
    : 'does not carry the mark of this fleet'
  return new FleetError('DATABASE_FOREIGN', `There is a ${what} "${name}" on server "${server}" that ${whose}.`)
}
