import type { ConnectionDescriptor } from '../../../src/model/connection.ts'
import { formatMark } from '../../../src/model/mark.ts'
import type { Placement } from '../../../src/model/tenant.ts'
import { withClient } from '../../../src/postgres/connect.ts'
import { quoteIdentifier, quoteLiteral } from '../../../src/postgres/identifiers.ts'
import type { ProviderUnderTest } from '../../conformance/provider-setup.ts'

export interface ServerUnderTestOptions extends Pick<ProviderUnderTest, 'open' | 'stop'> {
  /** Of the first server. */
  readonly superuser: ConnectionDescriptor
}

/** A provider whose tenants are databases of a PostgreSQL server, where a superuser can see and do everything. */
export interface ServerUnderTest extends ProviderUnderTest {
  readonly superuser: ConnectionDescriptor
  /** Runs one or several statements; returns the rows of the last. */
  readonly asSuperuser: <Row>(sql: string, values?: readonly unknown[]) => Promise<Row[]>
  /** Makes a closed database as the provider does, as far as it came. */
  readonly leave: (database: string, left: Left) => Promise<void>
  /** Which the provider connects as. */
  readonly adminName: (tenant: Placement) => Promise<string>
}

/** What a process that died at some step leaves of a database. */
export interface Left {
  readonly template?: string
  readonly comment?: string
  readonly open?: boolean
}

export function serverUnderTest({ open, superuser, stop }: ServerUnderTestOptions): ServerUnderTest {
  const asSuperuser: ServerUnderTest['asSuperuser'] = async (sql, values) =>
    withClient(superuser, { applicationName: 'fleet/test' }, async (client) => {
      const results = [await client.query(sql, values && [...values])].flat()
      return results.at(-1)?.rows ?? []
    })

  const leave: ServerUnderTest['leave'] = async (name, { template = 'template0', comment, open: isOpen = false }) => {
    const database = quoteIdentifier(name)
    await asSuperuser(
      `create database ${database} template ${quoteIdentifier(template)} owner fleet_owner allow_connections false`,
    )
    if (comment !== undefined) await asSuperuser(`comment on database ${database} is ${quoteLiteral(comment)}`)
    if (isOpen) await asSuperuser(`alter database ${database} allow_connections true`)
  }

  const adminName: ServerUnderTest['adminName'] = async (tenant) => {
    const provider = await open()
    try {
      return (await provider.connect(tenant)).user
    } finally {
      await provider.close()
    }
  }

  const whatIsLeft: ServerUnderTest['whatIsLeft'] = async (fleet) => {
    const rows = await asSuperuser<{ name: string }>(
      `select datname as name from pg_database where starts_with(datname, $1)
       union all select 'role ' || rolname from pg_roles where starts_with(rolname, $1) order by 1`,
      [`${fleet}_`],
    )
    return rows.map((it) => it.name)
  }

  return {
    open,
    superuser,
    asSuperuser,
    leave,
    adminName,
    whatIsLeft,
    ...(stop ? { stop } : {}),
    traits: {
      holdsCatalog: true,
      findsDatabases: true,
      knowsSizes: true,
      opensToProve: true,
      movesInRestores: false,
      releasesKept: true,
    },
    application: async ({ loginRole }, { database }, password) => ({
      ...superuser,
      database,
      user: loginRole ?? '',
      password,
    }),
    superuserIn: async ({ database }) => ({ ...superuser, database }),
    async remove(fleet) {
      const left = await whatIsLeft(fleet)
      for (const name of left.filter((it) => !it.startsWith('role '))) {
        await asSuperuser(`drop database ${quoteIdentifier(name)} with (force)`)
      }
      // A role cannot go before the database that it may connect to.
      for (const name of left.filter((it) => it.startsWith('role '))) {
        await asSuperuser(`drop role ${quoteIdentifier(name.slice('role '.length))}`)
      }
    },
    async isOpen({ database }) {
      const [row] = await asSuperuser<{ open: boolean }>(
        'select datallowconn as open from pg_database where datname = $1',
        [database],
      )
      if (row === undefined) throw new Error(`There is no database "${database}".`)
      return row.open
    },
    async occupy({ database }, { kind }) {
      // A branch of ours is known by its owner until it is marked: this one is open.
      const like = kind === 'tenant' ? '' : 'template template0 owner fleet_owner'
      await asSuperuser(`create database ${quoteIdentifier(database)} ${like}`)
      return database
    },
    async unmark({ database }) {
      await asSuperuser(`comment on database ${quoteIdentifier(database)} is 'mine'`)
    },
    diesCreating(planned, mark, from) {
      const { database } = planned
      const comment = formatMark(mark)
      const template = from?.database ?? ''
      return [
        () => leave(database, { template }),
        () => leave(database, { template, comment }),
        async () => {
          await leave(database, { template, comment })
          const role = quoteIdentifier(database)
          await asSuperuser(`create role ${role} login; comment on role ${role} is ${quoteLiteral(comment)}`)
          await asSuperuser(`grant ${role} to ${quoteIdentifier(await adminName(planned))} with admin option`)
        },
        () => leave(database, { template, comment, open: true }),
      ]
    },
    async diesDeleting({ database }) {
      await asSuperuser(`drop database ${quoteIdentifier(database)}`)
    },
    diesBranching: (tenant, { database }) => leave(database, { template: tenant.database }),
    async diesLooking({ loginRole }, { database }) {
      const name = quoteIdentifier(database)
      await asSuperuser(`revoke all on database ${name} from ${quoteIdentifier(loginRole ?? '')};
        alter database ${name} allow_connections true`)
    },
  }
}
