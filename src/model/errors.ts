import { type ErrorMeaning, EXIT } from './error-meaning.ts'
import { SERVICE_ERRORS } from './service-errors.ts'

/** Every way in which the tool refuses, with what to do about it and the exit code. The keys are public. */
export const ERRORS = {
  USAGE: { means: 'The command line is not understood.', remedy: 'Read `fleet <command> --help`.', exit: EXIT.usage },
  CONFIG_NOT_FOUND: {
    means: 'There is no fleet.config file.',
    remedy: 'Run `fleet init`, or name the file with `--config`.',
    exit: EXIT.usage,
  },
  CONFIG_INVALID: {
    means: 'The configuration has a value that is not allowed.',
    remedy: 'Correct the named path in the named file.',
    exit: EXIT.usage,
  },
  SECRET_KEY_MISSING: {
    means: 'Passwords at rest need a key, and there is none.',
    remedy: 'Set FLEET_SECRET_KEY to 32 random bytes in base64: `openssl rand -base64 32`.',
    exit: EXIT.usage,
  },
  SECRET_KEY_WRONG: {
    means: 'A stored password was encrypted with another key than the one at hand.',
    remedy: 'Set FLEET_SECRET_KEY to the key that the fleet was made with.',
    exit: EXIT.usage,
  },
  SERVER_UNREACHABLE: {
    means: 'A PostgreSQL server does not answer.',
    remedy: 'Check host, port and network, then run `fleet doctor`.',
    exit: EXIT.usage,
  },
  AUTHENTICATION_FAILED: {
    means: 'A PostgreSQL server refused user or password.',
    remedy: 'Check user and password of the URL.',
    exit: EXIT.usage,
  },
  RIGHT_MISSING: {
    means: 'The admin role lacks a right that the work needs.',
    remedy: 'Run the printed GRANT as a superuser; `fleet doctor` lists all that is missing.',
    exit: EXIT.usage,
  },
  SERVER_UNSUPPORTED: {
    means: 'The server is older or other than what is supported.',
    remedy: 'Use PostgreSQL 14 or newer.',
    exit: EXIT.usage,
  },
  EMBEDDED_UNAVAILABLE: {
    means: 'The embedded PostgreSQL cannot be started here.',
    remedy: 'Do what the message says, or configure a server of your own: `provider: postgres({ url })`.',
    exit: EXIT.usage,
  },
  ...SERVICE_ERRORS,
  POOLER_UNKNOWN: {
    means: 'Tenants are reached through no pooler that the fleet knows.',
    remedy: 'Leave out `--pooled`, and put the address of your pooler into the URL.',
    exit: EXIT.usage,
  },
  CATALOG_NEWER: {
    means: 'The catalog was made by a newer version of the program.',
    remedy: 'Upgrade kysely-fleet on this machine.',
    exit: EXIT.usage,
  },
  CATALOG_OLDER: {
    means: 'The catalog is older than this program needs.',
    remedy: 'Run `fleet catalog upgrade` while no rollout is driven.',
    exit: EXIT.usage,
  },
  CATALOG_FOREIGN: {
    means: 'The catalog belongs to a fleet of another name.',
    remedy: 'Correct `name` or `catalog.url` in the configuration.',
    exit: EXIT.usage,
  },
  DATABASE_FOREIGN: {
    means: 'A database or role of that name exists and does not carry the mark of this fleet.',
    remedy: 'Rename or drop it yourself, or give the fleet another name.',
    exit: EXIT.usage,
  },
  DATABASE_IN_USE: {
    means: 'Something that cannot be ended from here holds a database: another process of ours, or a session.',
    remedy: 'Try again when it has finished.',
    exit: EXIT.usage,
  },
  TEMPLATE_MISSING: {
    means: 'The template that a tenant is to be cloned from is gone, or is being made again.',
    remedy: 'Run `fleet template build`, then try again.',
    exit: EXIT.usage,
  },
  MIGRATION_INVALID: {
    means: 'A migration file cannot be loaded.',
    remedy: 'Correct the named file.',
    exit: EXIT.usage,
  },
  MIGRATION_REFUSED: {
    means: 'A migration holds something that cannot be run, or must not be.',
    remedy: 'Correct the named line; `fleet lint` says more.',
    exit: EXIT.no,
  },
  MIGRATION_UNKNOWN: {
    means: 'No migration has that name.',
    remedy: 'List them with `fleet migrate list`.',
    exit: EXIT.usage,
  },
  HISTORY_INVALID: {
    means: 'The migration history of a database cannot be read.',
    remedy: 'Correct the named row or table in that database.',
    exit: EXIT.no,
  },
  MIGRATIONS_DIFFER: {
    means: 'What tenants have applied differs from the migration files: edited, missing or out of order.',
    remedy: 'Restore the named file, or accept a harmless edit with `fleet migrate accept <name>`.',
    exit: EXIT.no,
  },
  MIGRATION_FAILED: {
    means: 'A migration failed on a database that is being made.',
    remedy: 'Correct the migration, then create the tenant again; no database was left.',
    exit: EXIT.tenantsFailed,
  },
  TENANT_UNKNOWN: {
    means: 'No tenant has that id.',
    remedy: 'List them with `fleet tenant list`.',
    exit: EXIT.usage,
  },
  TENANT_EXISTS: {
    means: 'A tenant with that id exists.',
    remedy: 'Choose another id, or look at it with `fleet tenant show`.',
    exit: EXIT.usage,
  },
  TENANT_ID_INVALID: {
    means: 'A tenant id has characters that are not allowed, or gives its role a name that is taken.',
    remedy:
      'Use a-z, 0-9, _ and -, beginning with a letter or digit, no two _ in a row, no - at the end, 40 characters at most.',
    exit: EXIT.usage,
  },
  TENANT_STATE: {
    means: 'The tenant is in a state that does not allow this.',
    remedy: 'See `fleet tenant show <id>`.',
    exit: EXIT.usage,
  },
  TENANT_BUSY: {
    means: 'Another process works on this tenant.',
    remedy: 'Try again when it has finished.',
    exit: EXIT.usage,
  },
  CLIENTS_NOT_PAUSED: {
    means: 'The clients that come through PgBouncer could not be made to wait; nothing was changed.',
    remedy: 'Read the reason; `fleet doctor` looks at each console and says what to change.',
    exit: EXIT.usage,
  },
  RESTORE_POINT_UNKNOWN: {
    means: 'There is no restore point with that id, or it is gone.',
    remedy: 'List them with `fleet restore-point list`.',
    exit: EXIT.usage,
  },
  RESTORE_POINT_REFUSED: {
    means: 'No restore point can be made of this tenant.',
    remedy: 'Back it up by other means before a risky migration.',
    exit: EXIT.no,
  },
  RESTORE_REFUSED: {
    means: 'A tenant is not restored as it is now: something would be lost, or is in the way.',
    remedy: 'Read the reason. Add `--accept-data-loss` where what would be lost may be.',
    exit: EXIT.no,
  },
  RESTORE_FAILED: {
    means: 'A tenant was restored, and is not what its restore point was: what it is was recorded.',
    remedy: 'Read what it is, and return to what was kept.',
    exit: EXIT.no,
  },
  UNDO_REFUSED: {
    means: 'A rollout is not taken back: what came after it would be lost.',
    remedy: 'Undo the named rollout first, or take all of it back with `--with-later`.',
    exit: EXIT.no,
  },
  MIGRATION_WITHDRAWN: {
    means: 'An undo has taken the migration back, and its file is still the same.',
    remedy: 'Correct the file, or take it all the same with `--again`.',
    exit: EXIT.no,
  },
  SALVAGE_REFUSED: {
    means: 'The folder for salvaged rows cannot be used.',
    remedy: 'Name a folder that is empty, or that there is not yet.',
    exit: EXIT.usage,
  },
  SALVAGE_FAILED: {
    means: 'The rows that only a restore point has could not be written; they are still in it.',
    remedy: 'Run `fleet restore-point salvage <id> <folder>` again before it expires.',
    exit: EXIT.tenantsFailed,
  },
  ADOPTION_REFUSED: {
    means: 'A database cannot come under the care of the fleet as it is.',
    remedy: 'Read the reason beside each database.',
    exit: EXIT.no,
  },
  PASSWORD_IN_ARGUMENT: {
    means: 'A password in an argument can be read by every user of the machine.',
    remedy: 'Put the URL into an environment variable and name it with `--url-env`.',
    exit: EXIT.usage,
  },
  WAVE_EMPTY: {
    means: 'A wave matches no tenant.',
    remedy: 'Correct its `match`, or mark the wave `optional: true`.',
    exit: EXIT.usage,
  },
  WAVE_UNKNOWN: {
    means: 'No wave has that name.',
    remedy: 'Use one of the names in `rollout.waves`.',
    exit: EXIT.usage,
  },
  TAG_UNKNOWN: {
    means: 'No tenant has that tag.',
    remedy: 'Use one of the listed tags.',
    exit: EXIT.usage,
  },
  PLAN_CHANGED: {
    means: 'Something that the plan saw has changed.',
    remedy: 'Read the difference, then plan again.',
    exit: EXIT.no,
  },
  REHEARSAL_IMPOSSIBLE: {
    means: 'No tenant of the plan can be rehearsed: there is nothing to copy, or no copy could be used.',
    remedy: 'Make a restore point of some tenants (`fleet restore-point create`), or add `--rehearse-closes-tenants`.',
    exit: EXIT.no,
  },
  REHEARSAL_FAILED: {
    means: 'The plan failed when it was rehearsed.',
    remedy: 'Correct the migration or the data and rehearse again, or go on all the same with `--force`.',
    exit: EXIT.no,
  },
  DISK_WOULD_FILL: {
    means: 'The restore points that a rollout takes first are not expected to fit on a server.',
    remedy:
      'Make room (`fleet restore-point prune`), raise `restorePoints.maxBytes`, or roll out fewer tenants at a time (`--wave`, `--tag`). To start it all the same: `--force`.',
    exit: EXIT.no,
  },
  HISTORY_TOO_SHORT: {
    means: "The provider's service forgets what tenants were before the rollout can have ended.",
    remedy:
      'Raise the history window of the projects, or roll out fewer tenants at a time (`--wave`, `--tag`). To start it all the same: `--force`.',
    exit: EXIT.no,
  },
  REHEARSAL_INTERRUPTED: {
    means: 'A rehearsal was stopped before it had a result.',
    remedy: 'Run it again: what it left is removed first.',
    exit: EXIT.interrupted,
  },
  CONFIRMATION_NEEDED: {
    means: 'This needs a yes, and there is no terminal to ask on.',
    remedy: 'Add `--yes`.',
    exit: EXIT.usage,
  },
  ROLLOUT_UNKNOWN: {
    means: 'No rollout has that id.',
    remedy: 'List them with `fleet rollout list`.',
    exit: EXIT.usage,
  },
  ROLLOUT_ACTIVE: {
    means: 'Another rollout is not finished.',
    remedy: 'Go on with it (`fleet rollout resume`), or replace it with `--supersede`.',
    exit: EXIT.no,
  },
  ROLLOUT_DRIVEN: {
    means: 'Another process drives this rollout.',
    remedy: 'Watch it with `fleet rollout status`; a driver that died is replaced after 20 s.',
    exit: EXIT.no,
  },
  INVALID_TRANSITION: {
    means: 'The rollout or tenant does not accept this verb now.',
    remedy: 'See `fleet rollout status`.',
    exit: EXIT.usage,
  },
} as const satisfies Record<string, ErrorMeaning>

export type FleetErrorCode = keyof typeof ERRORS

/** An expected refusal: what is wrong in one sentence, and its code, which scripts may match. */
export class FleetError extends Error {
  override readonly name = 'FleetError'
  readonly code: FleetErrorCode
  /** The remedy to print: one for this case, else the one of the code. */
  readonly remedy: string

  constructor(code: FleetErrorCode, message: string, options: ErrorOptions & { remedy?: string } = {}) {
    super(message, options)
    this.code = code
    this.remedy = options.remedy ?? ERRORS[code].remedy
  }
}
