import type { Pool } from '../../../src/postgres/connect.ts'
import { quoteIdentifier, quoteLiteral } from '../../../src/postgres/identifiers.ts'
import { SQLSTATE, sqlstateOf } from '../../../src/postgres/sqlstate.ts'

/** The roles of the API on a server, and those that they make by SQL. */
export interface Roles {
  /** `as`: the role that it is once it has logged in. */
  create(name: string, password: string, options?: { readonly as?: string }): Promise<void>
  setPassword(name: string, password: string): Promise<void>
  /** With the roles that it made by SQL. One that something still depends on is kept until the end. */
  drop(name: string): Promise<void>
  /** Drops all roles that were made here, and the databases that they made by SQL. */
  close(): Promise<void>
}

/** Makes the role that stands for neon_superuser. Its rights are those in Neon's documentation and published source. */
export async function createRoles(admin: Pool, group: string): Promise<Roles> {
  const made = new Set<string>()
  const groupName = quoteIdentifier(group)
  await admin.query(
    `create role ${groupName} createdb createrole nologin replication bypassrls
       in role pg_read_all_data, pg_write_all_data, pg_create_subscription;
     grant pg_monitor, pg_signal_backend to ${groupName} with admin option`,
  )
  const drop = async (name: string) => {
    for (const role of [...(await madeBySql(admin, name)), name]) {
      if (await dropRole(admin, role)) made.delete(role)
      else made.add(role)
    }
  }
  return {
    async create(name, password, { as } = {}) {
      await admin.query(
        `create role ${quoteIdentifier(name)} login inherit createdb createrole bypassrls replication nosuperuser
           in role ${groupName} password ${quoteLiteral(password)}`,
      )
      made.add(name)
      if (as === undefined) return
      const [role, shown] = [quoteIdentifier(name), quoteIdentifier(as)]
      await admin.query(`grant ${shown} to ${role}; alter role ${role} set role = ${shown}`)
    },
    async setPassword(name, password) {
      await admin.query(`alter role ${quoteIdentifier(name)} password ${quoteLiteral(password)}`)
    },
    drop,
    async close() {
      for (const name of made) {
        const { rows } = await admin.query<{ name: string }>(
          'select datname as name from pg_database where pg_get_userbyid(datdba) = any ($1)',
          [[...(await madeBySql(admin, name)), name]],
        )
        for (const { name: database } of rows) {
          await admin.query(`drop database if exists ${quoteIdentifier(database)} with (force)`)
        }
      }
      for (const name of [...made]) await drop(name)
      await dropRole(admin, group)
    },
  }
}

/**
 * Returns the roles that a role made, and those that they made, the last first. Who makes a role without being a superuser is given
 * its administration by the superuser that the server began with (PostgreSQL 16 and later).
 */
async function madeBySql(admin: Pool, name: string): Promise<readonly string[]> {
  const { rows } = await admin.query<{ name: string }>(
    `with recursive made(oid, depth) as (
       select oid, 0 from pg_roles where rolname = $1
       union select m.roleid, made.depth + 1 from made join pg_auth_members m on m.member = made.oid
       where m.admin_option and m.grantor = 10)
     select r.rolname as name from made join pg_roles r using (oid)
     where made.depth > 0 and r.rolname not like 'pg\\_%' group by r.rolname order by max(made.depth) desc`,
    [name],
  )
  return rows.map((row) => row.name)
}

/** Whether the role is gone. */
async function dropRole(admin: Pool, name: string): Promise<boolean> {
  const { rowCount } = await admin.query(
    `select pg_terminate_backend(a.pid, 5000) from pg_roles r left join pg_stat_activity a on a.usesysid = r.oid where rolname = $1`,
    [name],
  )
  if (rowCount === 0) return true
  // What it granted and was granted on the server: memberships and rights on databases.
  await admin.query(`drop owned by ${quoteIdentifier(name)}`)
  try {
    await admin.query(`drop role ${quoteIdentifier(name)}`)
    return true
  } catch (error) {
    if (sqlstateOf(error) !== SQLSTATE.dependentObjects) throw error
    return false
  }
}
