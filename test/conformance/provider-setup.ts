import { randomBytes } from 'node:crypto'
import type { ConnectionDescriptor } from '../../src/model/connection.ts'
import type { Mark, MarkKind } from '../../src/model/mark.ts'
import { Secret } from '../../src/model/secret.ts'
import type { OwnServer, Placement } from '../../src/model/tenant.ts'
import { withClient } from '../../src/postgres/connect.ts'
import { quoteIdentifier } from '../../src/postgres/identifiers.ts'
import type { RestorePointRef } from '../../src/providers/copying-provider.ts'
import type { Provider, TemplateRef } from '../../src/providers/provider.ts'

/** Where something is that the provider has made: a tenant, a template, a restore point or a branch. */
export interface Place {
  readonly server: string
  readonly database: string
  readonly own?: OwnServer
}

/** What the interface of providers leaves to each of them. */
export interface Traits {
  /** Whether the catalog can be beside the tenants. */
  readonly holdsCatalog: boolean
  /** Whether databases that it has not made are found by their names. */
  readonly findsDatabases: boolean
  /** Whether it tells how large a database is without waking it; else neither does it look whether it is there. */
  readonly knowsSizes: boolean
  /** Whether it opens a restore point to `prove`; else it proves in another way that there is one. */
  readonly opensToProve: boolean
  /** Whether a restore gives the tenant another address, and the old one leads nowhere. */
  readonly movesInRestores: boolean
  /** Whether what a restore has kept can be removed before the tenant. */
  readonly releasesKept: boolean
}

/** What an implementation hands to the suite: the provider, and ways around it, none of which it knows of. */
export interface ProviderUnderTest {
  /** Makes the provider; twice: as a second process would have it. The suite closes it. */
  readonly open: () => Provider | Promise<Provider>
  readonly traits: Traits
  /** Returns how the application of a tenant would connect somewhere. @throws where nobody can know how */
  readonly application: (tenant: Placement, to: Place, password: Secret) => Promise<ConnectionDescriptor>
  /** Returns how a superuser connects to a tenant's database. */
  readonly superuserIn: (tenant: Placement) => Promise<ConnectionDescriptor>
  /** Lists all that there is of a fleet by name, in order: databases, copies of them, login roles. */
  readonly whatIsLeft: (fleet: string) => Promise<readonly string[]>
  /** Removes all of that. */
  readonly remove: (fleet: string) => Promise<void>
  /** Whether a template or restore point lets anybody in. */
  readonly isOpen: (place: Place) => Promise<boolean>
  /** Makes somebody else's, where that of a mark is going to be, and returns what a refusal calls it. */
  readonly occupy: (place: Place, mark: Mark) => Promise<string>
  /** Takes the mark of a restore point away. */
  readonly unmark: (point: RestorePointRef) => Promise<void>
  /** Returns what each leaves what a creation of a tenant leaves that dies at one of its steps. */
  readonly diesCreating: (planned: Placement, mark: Mark, from: TemplateRef | null) => readonly (() => Promise<void>)[]
  /** Leaves what a deletion of a tenant leaves that dies before its end. */
  readonly diesDeleting: (tenant: Placement) => Promise<void>
  /** Leaves what a branching of a tenant leaves that dies before its end. */
  readonly diesBranching: (tenant: Placement, planned: Place, mark: Mark) => Promise<void>
  /** Leaves what a look into a restore point leaves that dies in the middle. */
  readonly diesLooking: (tenant: Placement, point: RestorePointRef) => Promise<void>
  /** Called after the last test. */
  readonly stop?: () => Promise<void>
}

export const PASSWORD = new Secret('correct horse')

/** What tenants of a test begin with: a template, or where there are none, what the migrations would do. */
export interface Model {
  readonly ref: TemplateRef | null
  readonly sql: string
  readonly extensions: readonly string[]
  /** What is left when there is no tenant. */
  readonly left: readonly string[]
}

/** A fleet of a random name on the provider under test, and the hands that the tests need. */
export interface TestFleet<U extends ProviderUnderTest = ProviderUnderTest> extends Awaited<ReturnType<typeof hands>> {
  readonly underTest: U
}

export async function setup<U extends ProviderUnderTest>(underTest: U): Promise<TestFleet<U>> {
  return { ...(await hands(underTest)), underTest }
}

async function hands(underTest: ProviderUnderTest) {
  const fleet = `t${randomBytes(5).toString('hex')}`
  const provider = await underTest.open()
  const second = await underTest.open()
  const server = provider.servers[0] ?? ''
  const mark = (kind: MarkKind, key: string): Mark => ({ fleet, catalogId: `catalog-${fleet}`, kind, key })

  /** Runs one or several statements; returns the rows of the last. */
  async function inside<Row>(
    to: ConnectionDescriptor | Promise<ConnectionDescriptor>,
    sql: string,
    values?: readonly unknown[],
  ): Promise<Row[]> {
    return withClient(await to, { applicationName: 'fleet/test' }, async (client) => {
      const results = [await client.query(sql, values && [...values])].flat()
      return results.at(-1)?.rows ?? []
    })
  }

  /** As the tenant's application would connect, to its own database or to another one. */
  function application(
    tenant: Placement,
    { to = tenant, password = PASSWORD }: { readonly to?: Place; readonly password?: Secret } = {},
  ): Promise<ConnectionDescriptor> {
    return underTest.application(tenant, to, password)
  }

  /** Runs statements as migrations do: as the role that owns what is in the database. */
  async function asOwner<Row>(to: ConnectionDescriptor, sql: string): Promise<Row[]> {
    const { ownerRole } = provider.plannedPlacement(server, mark('tenant', 'any'))
    return inside(to, `${ownerRole === null ? '' : `set role ${quoteIdentifier(ownerRole)}; `}${sql}`)
  }

  async function template(
    key = 'k1',
    sql = 'create table note (id int generated always as identity, text text)',
    extensions: readonly string[] = [],
  ): Promise<Model> {
    const model = { sql, extensions, ref: null, left: [] }
    if (!provider.hasTemplates) return model
    const ref = await provider.ensureTemplate({ server, mark: mark('template', key), extensions }, async (database) => {
      await asOwner(database, sql)
    })
    return { ...model, ref, left: [ref.database] }
  }

  async function tenant(
    { ref, sql, extensions }: Model,
    id: string,
    { by = provider, password = PASSWORD } = {},
  ): Promise<Placement> {
    const spec = { server, template: ref, extensions, mark: mark('tenant', id), password }
    const placement = await by.createDatabase(spec)
    if (ref === null) await fill(await by.connect(placement), sql)
    return placement
  }

  async function cleanUp(): Promise<void> {
    await Promise.all([provider.close(), second.close()])
    await underTest.remove(fleet)
  }

  return {
    fleet,
    provider,
    second,
    server,
    mark,
    inside,
    application,
    asOwner,
    template,
    tenant,
    cleanUp,
    whatIsLeft: () => underTest.whatIsLeft(fleet),
  }
}

/** As migrations fill what begins empty: whoever comes second finds it filled. */
async function fill(to: ConnectionDescriptor, sql: string): Promise<void> {
  await withClient(to, { applicationName: 'fleet/test' }, async (client) => {
    await client.query('begin; select pg_advisory_xact_lock(1)')
    const { rows } = await client.query(`select to_regclass('public.filled') as filled`)
    if (rows[0]?.filled === null) await client.query(`${sql}; create table filled ()`)
    await client.query('commit')
  })
}
