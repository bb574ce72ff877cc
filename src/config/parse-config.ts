import { basename, resolve } from 'node:path'
import type { ConnectionDescriptor } from '../model/connection.ts'
import { FleetError } from '../model/errors.ts'
import { JOINERS } from '../model/rollout.ts'
import type { FleetConfig, ProviderConfig } from './config.ts'
import type { FleetInput } from './define-fleet.ts'
import { type ConfigProblem, explainIssues } from './explain-issues.ts'
import { locateKey } from './locate-key.ts'
import { type ParsedConfig, schema } from './schema.ts'

/** Where a configuration came from: makes its paths absolute, and its errors name file and line. */
export interface ConfigOrigin {
  /** Absolute path of the project. */
  readonly root: string
  readonly file?: string
  /** Text of the file. */
  readonly source?: string
}

type PostgresConfig = Extract<ParsedConfig['provider'], { kind: 'postgres' }>

/** What the only server of `postgres({ url })` is called. */
const ONLY_SERVER = 'main'

/**
 * Turns what users write into the trusted configuration, with every default filled in.
 * @throws FleetError CONFIG_INVALID, which names all that is wrong, each with its path and line
 */
export function parseConfig(input: FleetInput | unknown, origin: ConfigOrigin): FleetConfig {
  const parsed = schema.safeParse(input)
  if (!parsed.success) throw refusal(explainIssues(parsed.error.issues, input), origin)
  const problems = crossCheck(parsed.data)
  if (problems.length > 0) throw refusal(problems, origin)
  return trusted(parsed.data, origin)
}

function trusted(
  { catalog, migrations, provider, rollout, restorePoints, ...rest }: ParsedConfig,
  origin: ConfigOrigin,
): FleetConfig {
  return {
    name: rest.name,
    root: origin.root,
    file: origin.file,
    provider: providerConfig(provider),
    catalog: catalog?.url,
    migrations: { ...migrations, schema: migrations.schema, folder: resolve(origin.root, migrations.folder) },
    extensions: rest.extensions,
    placement: rest.placement as FleetConfig['placement'],
    seed: rest.seed as FleetConfig['seed'],
    restorePoints: {
      ...restorePoints,
      maxBytes: restorePoints.maxBytes,
      dump: restorePoints.dump && {
        from: restorePoints.dump.from,
        programs: restorePoints.dump.programs && resolve(origin.root, restorePoints.dump.programs),
      },
    },
    rollout: {
      ...rollout,
      orderBy: rollout.orderBy,
      waves: rollout.waves.map((wave) => ({
        ...wave,
        match: wave.match,
        size: wave.size,
        concurrency: wave.concurrency,
      })),
    },
  }
}

function providerConfig(provider: ParsedConfig['provider']): ProviderConfig {
  if (provider.kind === 'embedded') return provider
  if (provider.kind === 'neon') {
    const { orgId, templateProjectId, historyRetention, autoscaling, suspendTimeout, prices, baseUrl } = provider
    return {
      ...provider,
      orgId,
      templateProjectId,
      historyRetention,
      autoscaling,
      suspendTimeout,
      prices: prices && { computeUnitHour: prices.computeUnitHour, branchMonth: prices.branchMonth },
      baseUrl,
    }
  }
  const servers = provider.url ? { [ONLY_SERVER]: provider.url } : (provider.servers ?? {})
  const { pauseTimeout = 0 } = provider.pgbouncer ?? {}
  const consoles = consolesByServer(provider)
  return {
    kind: 'postgres',
    servers: Object.entries(servers).map(([name, admin]) => ({
      name,
      admin,
      // Whatever database the URL names: a console is reached by this name.
      pgbouncer: { consoles: (consoles[name] ?? []).map((it) => ({ ...it, database: 'pgbouncer' })), pauseTimeout },
    })),
  }
}

function consolesByServer({
  pgbouncer,
  servers = {},
}: PostgresConfig): Record<string, readonly ConnectionDescriptor[]> {
  const consoles = pgbouncer?.consoles ?? {}
  return Array.isArray(consoles) ? { [Object.keys(servers)[0] ?? ONLY_SERVER]: consoles } : consoles
}

/** What no single value shows: values that contradict each other. */
function crossCheck({ provider, catalog, rollout, restorePoints }: ParsedConfig): ConfigProblem[] {
  const problems: ConfigProblem[] = []
  const add = (path: readonly PropertyKey[], message: string) => problems.push({ path, message })
  if (provider.kind === 'postgres') {
    const { url, servers, pgbouncer } = provider
    const names = servers ? Object.keys(servers) : [ONLY_SERVER]
    if (Array.isArray(pgbouncer?.consoles) && names.length > 1)
      add(
        ['provider', 'pgbouncer', 'consoles'],
        `provider.pgbouncer.consoles: is one list for several servers. Use lists by name: { ${names[0]}: [...] }.`,
      )
    for (const name of Object.keys(consolesByServer(provider)).filter((it) => !names.includes(it)))
      add(
        ['provider', 'pgbouncer', 'consoles', name],
        `provider.pgbouncer.consoles.${name}: is not a server. There are: ${names.join(', ')}.`,
      )
    if (url && servers) add(['provider', 'servers'], 'provider: has both url and servers. Use one of them.')
    if (!(url || servers)) {
      add(['provider', 'url'], 'provider.url is not set: is the environment variable that it is read from defined?')
    }
    if (servers && Object.keys(servers).length === 0) add(['provider', 'servers'], 'provider.servers: names no server.')
    if (servers && Object.keys(servers).length > 1 && !catalog) {
      add(['catalog'], 'catalog.url is not set: with several servers, say where the catalog is.')
    }
  }
  if (provider.kind === 'neon' && !catalog)
    add(['catalog'], 'catalog.url is not set: tenants at Neon are apart from each other, so say where the catalog is.')
  if (provider.kind === 'neon' && provider.templateProjectId && provider.placement !== 'branch-per-tenant')
    add(
      ['provider', 'templateProjectId'],
      "provider.templateProjectId: is for tenants that are branches. Set `placement: 'branch-per-tenant'`, or leave it out.",
    )
  if (provider.kind === 'neon' && provider.autoscaling && provider.autoscaling.min > provider.autoscaling.max)
    add(
      ['provider', 'autoscaling', 'min'],
      `provider.autoscaling.min: ${provider.autoscaling.min} is more than its max, ${provider.autoscaling.max}.`,
    )
  const { maxBytes } = restorePoints
  if (typeof maxBytes === 'object') {
    const config = providerConfig(provider)
    const names = config.kind === 'postgres' ? config.servers.map((it) => it.name) : []
    for (const name of Object.keys(maxBytes).filter((it) => !names.includes(it)))
      add(
        ['restorePoints', 'maxBytes', name],
        `restorePoints.maxBytes.${name}: is no server. ${names.length > 0 ? `There are: ${names.join(', ')}.` : 'Give one size: embedded() has one server.'}`,
      )
  }
  rollout.waves.forEach(({ name }, index) => {
    const first = rollout.waves.findIndex((it) => it.name === name)
    if (first < index)
      add(['rollout', 'waves', index, 'name'], `rollout.waves[${index}].name: "${name}" is used twice.`)
    if (name === JOINERS) {
      add(
        ['rollout', 'waves', index, 'name'],
        `rollout.waves[${index}].name: "${name}" is the wave of tenants that come later. Choose another name.`,
      )
    }
    const rest = rollout.waves.findIndex((it) => it.match === undefined && it.size === undefined)
    if (rest >= 0 && rest < index) {
      add(
        ['rollout', 'waves', index],
        `rollout.waves[${index}]: "${name}" can never get a tenant: "${rollout.waves[rest]?.name}" before it takes the rest.`,
      )
    }
  })
  return problems
}

function refusal(problems: readonly ConfigProblem[], { file, source }: ConfigOrigin): FleetError {
  const lines = problems.map(({ path, message }) => {
    if (file === undefined) return message
    const line = source === undefined ? undefined : locateKey(source, path)
    return `${message}  (${basename(file)}${line === undefined ? '' : `:${line}`})`
  })
  // Each line says what is allowed: a remedy below would only repeat it.
  return new FleetError('CONFIG_INVALID', lines.join('\n'), { remedy: '' })
}
