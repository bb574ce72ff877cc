import { randomBytes } from 'node:crypto'
import { onTestFinished } from 'vitest'
import { secretBox } from '../../../src/lib/secret-box.ts'
import type { ConnectionDescriptor } from '../../../src/model/connection.ts'
import type { Mark, MarkKind } from '../../../src/model/mark.ts'
import type { NeonPlacement, NeonSettings } from '../../../src/model/neon-settings.ts'
import { Secret } from '../../../src/model/secret.ts'
import type { Placement } from '../../../src/model/tenant.ts'
import { withClient } from '../../../src/postgres/connect.ts'
import { quoteIdentifier } from '../../../src/postgres/identifiers.ts'
import { createNeonProvider } from '../../../src/providers/neon/neon-provider.ts'
import type { DatabaseSpec, Provider, TemplateRef } from '../../../src/providers/provider.ts'
import type { NeonEmulatorOptions } from '../../support/neon-emulator/index.ts'
import { startTestEmulator, type TestEmulator } from '../../support/neon-emulator/test-emulator.ts'
import { superuser } from '../../support/test-server.ts'
import { createFastClock, type FastClock } from './fast-clock.ts'
import { neonSettings } from './neon-settings-for-test.ts'
import { type SeenProject, seeProjects } from './see-projects.ts'

/** A provider over an emulator of its own, without a fleet. */
export interface NeonAccountForTest {
  readonly emulator: TestEmulator
  readonly provider: Provider
  /** Of the provider. */
  readonly clock: FastClock
  /** Makes another one, as another process or another configuration would have it. */
  open(settings?: Partial<NeonSettings>): Provider
  mark(kind: MarkKind, key: string): Mark
  /** Of each tenant's application. */
  readonly password: Secret
  /** Makes the project of a tenant with a table of its own; the password of its application is always the same. */
  tenant(id: string, by?: Provider, how?: Pick<DatabaseSpec, 'isRetry'>): Promise<Placement>
  /** Runs one or several statements as the owner; returns the rows of the last. */
  inTenant<Row>(placement: Placement, sql: string): Promise<Row[]>
  /** The same as the tenant's application. */
  asApplication<Row>(placement: Placement, sql: string): Promise<Row[]>
  /** The next operation with this action fails, once or for good. */
  failOperation(action: string, end: 'recovers' | 'stays'): void
  /** Lists the projects with what is in them, by name. */
  projects(): Promise<readonly SeenProject[]>
  /** Lists what tenants, and all that belongs to them, are: projects, or the branches of one. */
  things(): Promise<readonly { readonly name: string }[]>
}

const PASSWORD = 'correct horse'

export async function setupNeonAccount(
  options: Omit<NeonEmulatorOptions, 'dataPlane'> = {},
  placement: NeonPlacement = 'project-per-tenant',
): Promise<NeonAccountForTest> {
  const fleet = `t${randomBytes(5).toString('hex')}`
  // Registered first, so that it comes last: roles cannot go before the databases in which they have rights.
  onTestFinished(() => dropRoles(fleet))
  const emulator = await startTestEmulator(options)
  const { apiKey, baseUrl, orgId } = emulator
  const clock = createFastClock()
  const box = secretBox(randomBytes(32))
  const usual = neonSettings({ apiKey, baseUrl, orgId }, LIMITS, placement)
  const open: NeonAccountForTest['open'] = (settings = {}) =>
    createNeonProvider({ settings: { ...usual, ...settings }, clock, box })
  const provider = open()
  const mark: NeonAccountForTest['mark'] = (kind, key) => ({ fleet, catalogId: `catalog-${fleet}`, kind, key })
  let template: TemplateRef | null = null
  const ensureTemplate = () =>
    provider.ensureTemplate({ server: 'neon', mark: mark('template', 'k'), extensions: [] }, async (to) => {
      await run(to, 'create table note (text text)')
    })
  const inTenant: NeonAccountForTest['inTenant'] = async (placement, sql) => run(await provider.connect(placement), sql)
  return {
    emulator,
    provider,
    clock,
    open,
    mark,
    password: new Secret(PASSWORD),
    inTenant,
    async tenant(id, by = provider, how = {}) {
      const password = new Secret(PASSWORD)
      if (provider.hasTemplates) template ??= await ensureTemplate()
      const spec = { server: 'neon', template, extensions: [], mark: mark('tenant', id), password, ...how }
      const placement = await by.createDatabase(spec)
      // Two at once would both find that it is not there.
      await inTenant(placement, 'select pg_advisory_xact_lock(1); create table if not exists note (text text)')
      return placement
    },
    asApplication: async (placement, sql) => {
      const owner = await provider.connect(placement)
      return run({ ...owner, user: placement.loginRole ?? '', password: new Secret(PASSWORD) }, sql)
    },
    failOperation: (action, end) => {
      emulator.faults.failOperation({ action, how: end })
    },
    projects: () => seeProjects(emulator),
    async things() {
      const projects = await seeProjects(emulator)
      return provider.hasTemplates ? projects.flatMap(({ branches }) => branches) : projects
    },
  }
}

const LIMITS = { requestsPerMinute: 6_000, requestsPerSecond: 300 }

async function run<Row>(to: ConnectionDescriptor, sql: string): Promise<Row[]> {
  return withClient(
    to,
    { applicationName: 'test' },
    async (client) => [await client.query(sql)].flat().at(-1)?.rows ?? [],
  )
}

async function dropRoles(fleet: string): Promise<void> {
  await withClient(superuser(), { applicationName: 'test' }, async (client) => {
    const { rows } = await client.query('select rolname from pg_roles where starts_with(rolname, $1)', [`${fleet}_`])
    for (const { rolname } of rows) await client.query(`drop role if exists ${quoteIdentifier(rolname)}`)
  })
}
