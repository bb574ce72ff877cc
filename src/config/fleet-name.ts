/** Says whether the roles of a fleet's tenants, which begin with its name, would be called as PostgreSQL calls none but its own: `pg_…`. */
export function isKeptByPostgres(fleetName: string): boolean {
  return /^pg(_|$)/.test(fleetName)
}
