import type { DumpSettings } from './dump-programs.ts'

/** How a server's databases are copied. */
export interface CopySettings {
  /** How many at once, for restore points and rehearsals; left out: `COPIES_AT_ONCE`. More wait. */
  readonly atOnce?: number
  /** Which tenants are dumped rather than copied by the server; left out: none. */
  readonly dump?: DumpSettings | undefined
}
