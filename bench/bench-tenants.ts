import pLimit from 'p-limit'
import type { ConnectionDescriptor } from '../src/model/connection.ts'
import { openPool, type Pool } from '../src/postgres/connect.ts'
import { quoteIdentifier } from '../src/postgres/identifiers.ts'
import { OWNER_ROLE } from '../src/providers/postgres/fleet-role-names.ts'
import { type BenchServer, SERVER } from './bench-server.ts'

const COPIES_AT_ONCE = 4

/** Databases that every contender finds in the same state. */
export interface BenchTenants {
  /** One per tenant. */
  readonly databases: readonly string[]
  /** Drops the databases, clones them anew from the template, and writes everything to disk. */
  reset(): Promise<void>
}

/** Names the database of the n-th tenant, beginning with 1. */
export function databaseOf(tenant: number): string {
  return `bench_${tenant}`
}

/** Prepares a template as the fleet makes it, without any migration; the tenants are made by the first `reset`. */
export async function prepareTenants({ provider, admin }: BenchServer, count: number): Promise<BenchTenants> {
  const mark = { fleet: 'bench', catalogId: 'bench', kind: 'template', key: 'empty' } as const
  const template = await provider.ensureTemplate({ server: SERVER, mark, extensions: [] }, async () => {})
  const databases = Array.from({ length: count }, (_, index) => databaseOf(index + 1))
  return { databases, reset: () => resetDatabases(admin, databases, template.database) }
}

async function resetDatabases(admin: ConnectionDescriptor, databases: readonly string[], template: string) {
  const pool = openPool(admin, { applicationName: 'fleet/bench', max: COPIES_AT_ONCE })
  const limit = pLimit(COPIES_AT_ONCE)
  // Dropping a database takes a checkpoint, which else would wait for the disk, file by file of each new copy.
  await setSetting(pool, 'fsync', 'off')
  try {
    // All drops first: each takes a checkpoint, which else would write what was just copied.
    await limit.map(databases, (name) => pool.query(`drop database if exists ${quoteIdentifier(name)} with (force)`))
    await limit.map(databases, (name) =>
      pool.query(
        `create database ${quoteIdentifier(name)} template ${quoteIdentifier(template)} strategy wal_log owner ${OWNER_ROLE}`,
      ),
    )
    await pool.query('checkpoint')
    await setSetting(pool, 'fsync', 'on')
  } finally {
    await pool.end()
  }
}

async function setSetting(pool: Pool, name: string, value: string): Promise<void> {
  await pool.query(`alter system set ${quoteIdentifier(name)} = ${value}`)
  await pool.query('select pg_reload_conf()')
}
