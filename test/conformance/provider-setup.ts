import { randomBytes } from 'node:crypto'
import type { ConnectionDescriptor } from '../../src/model/connection.ts'
import type { Mark, MarkKind } from '../../src/model/mark.ts'
import { Secret } from '../../src/model/secret.ts'
import type { Placement } from '../../src/model/tenant.ts'
import { withClient } from '../../src/postgres/connect.ts'
import { quoteIdentifier } from '../../src/postgres/identifiers.ts'
import type { Provider, TemplateRef } from '../../src/providers/provider.ts'

/** What an implementation hands to the suite. */
export interface ProviderUnderTest {
  /** Makes the provider; twice: as a second process would have it. The suite closes it. */
  readonly open: () => Provider | Promise<Provider>
  /** Of the first server: to look behind the provider's back, and to leave what a crash leaves. */
  readonly superuser: ConnectionDescriptor
  /** Called after the last test. */
  readonly stop?: () => Promise<void>
}

export const PASSWORD = new Secret('correct horse')

/** A fleet of a random name on the provider under test, and the hands that the tests need. */
export type TestFleet = Awaited<ReturnType<typeof setup>>

export async function setup({ open, superuser }: ProviderUnderTest) {
  const fleet = `t${randomBytes(5).toString('hex')}`
  const provider = await open()
  const second = await open()
  const server = provider.servers[0] ?? ''
  const mark = (kind: MarkKind, key: string): Mark => ({ fleet, catalogId: `catalog-${fleet}`, kind, key })

  function asSuperuser<Row>(sql: string, values?: readonly unknown[]): Promise<Row[]> {
    return inside(superuser, sql, values)
  }

  /** Runs one or several statements; returns the rows of the last. */
  async function inside<Row>(to: ConnectionDescriptor, sql: string, values?: readonly unknown[]): Promise<Row[]> {
    return withClient(to, { applicationName: 'fleet/test' }, async (client) => {
      const results = [await client.query(sql, values && [...values])].flat()
      return results.at(-1)?.rows ?? []
    })
  }

  /** As the tenant's application would connect, to its own database or to another one. */
  function application(
    { database, loginRole }: Placement,
    { to = database, password = PASSWORD } = {},
  ): ConnectionDescriptor {
    return { ...superuser, database: to, user: loginRole ?? '', password }
  }

  async function template(key = 'k1', sql = 'create table note (id int generated always as identity, text text)') {
    return provider.ensureTemplate({ server, mark: mark('template', key), extensions: [] }, async (database) => {
      await inside(database, `set role fleet_owner; ${sql}`)
    })
  }

  async function tenant(ref: TemplateRef, id: string, { by = provider, password = PASSWORD } = {}): Promise<Placement> {
    return by.createDatabase({ server, template: ref, extensions: [], mark: mark('tenant', id), password })
  }

  /** Of this fleet, whether a database or a login role. */
  async function whatIsLeft(): Promise<string[]> {
    const rows = await asSuperuser<{ name: string }>(
      `select datname as name from pg_database where starts_with(datname, $1)
       union all select 'role ' || rolname from pg_roles where starts_with(rolname, $1) order by 1`,
      [`${fleet}_`],
    )
    return rows.map((it) => it.name)
  }

  async function cleanUp(): Promise<void> {
    await Promise.all([provider.close(), second.close()])
    const left = await whatIsLeft()
    for (const name of left.filter((it) => !it.startsWith('role '))) {
      await asSuperuser(`drop database ${quoteIdentifier(name)} with (force)`)
    }
    // A role cannot go before the database that it may connect to.
    for (const name of left.filter((it) => it.startsWith('role '))) {
      await asSuperuser(`drop role ${quoteIdentifier(name.slice('role '.length))}`)
    }
  }

  return {
    fleet,
    superuser,
    provider,
    second,
    server,
    mark,
    asSuperuser,
    inside,
    application,
    template,
    tenant,
    whatIsLeft,
    cleanUp,
  }
}
