import type { assessMigrations } from './assess-migrations.ts'

/**
 * As `assessMigrations`, which is read from disk only now: it brings the SQL parser and the rules, and most commands need
 * neither.
 */
export async function assessWhenNeeded(
  ...input: Parameters<typeof assessMigrations>
): ReturnType<typeof assessMigrations> {
  return (await import('./assess-migrations.ts')).assessMigrations(...input)
}
