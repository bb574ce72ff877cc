import { join } from 'node:path'

/** The migrations that are applied: eleven, as an application would write them. */
export const MIGRATIONS_FOLDER = join(import.meta.dirname, 'migrations')
