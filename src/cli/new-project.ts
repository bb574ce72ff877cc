import { isKeptByPostgres } from '../config/fleet-name.ts'

/** Makes a fleet's name from a package's or folder's: what is not allowed becomes `-`; 20 characters at most. */
export function fleetNameFrom(text: string): string {
  const name = text
    .toLowerCase()
    .replace(/^@[^/]*\//, '')
    .replaceAll(/[^a-z0-9_-]+/g, '-')
    .slice(0, 20)
    .replaceAll(/^[^a-z0-9]+|[^a-z0-9]+$/g, '')
  return name === '' || isKeptByPostgres(name) ? 'fleet' : name
}

/** The text of a first configuration. */
export function configText({ name, provider }: { name: string; provider: 'embedded' | 'postgres' }): string {
  const line = provider === 'postgres' ? 'postgres({ url: process.env.FLEET_SERVER_URL })' : 'embedded()'
  return `import { defineFleet, ${provider} } from 'kysely-fleet'

export default defineFleet({
  name: '${name}',
  provider: ${line},
  rollout: {
    waves: [
      { name: 'canary', match: { ring: 'internal' }, optional: true },
      { name: 'everyone', maxFailures: '2%' },
    ],
  },
})
`
}

/** The text of a first migration. */
export function firstMigrationText(): string {
  return `import type { Kysely } from 'kysely'

export async function up(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('notes')
    .addColumn('id', 'bigint', (column) => column.primaryKey().generatedAlwaysAsIdentity())
    .addColumn('text', 'text', (column) => column.notNull())
    .execute()
}

export async function down(db: Kysely<unknown>): Promise<void> {
  await db.schema.dropTable('notes').execute()
}
`
}
