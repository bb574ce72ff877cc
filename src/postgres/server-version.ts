import type { Client } from './connect.ts'

/** A version of PostgreSQL as the server reports it in `server_version_num`: 180004 is 18.4. */
export type ServerVersion = number

/** The major versions that the suites cover; newer ones are used with a warning. */
export const SUPPORTED = { oldest: 14, newest: 18 } as const

/** Returns the major version. */
export function majorOf(version: ServerVersion): number {
  return Math.floor(version / 10_000)
}

/** Writes a version as people do: `18.4`. */
export function formatServerVersion(version: ServerVersion): string {
  return `${majorOf(version)}.${version % 10_000}`
}

/** Says how far a version is supported. */
export function supportOf(version: ServerVersion): 'supported' | 'too-old' | 'untested' {
  const major = majorOf(version)
  if (major < SUPPORTED.oldest) return 'too-old'
  return major > SUPPORTED.newest ? 'untested' : 'supported'
}

/** Asks a server what it calls itself: `PostgreSQL 18.4`, without what distributions add. */
export async function askServerVersion(client: Client): Promise<string> {
  const { rows } = await client.query<{ version: string }>(`select current_setting('server_version') as version`)
  return `PostgreSQL ${rows[0]?.version.split(' ')[0] ?? ''}`
}
