import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { parseConfig } from '../../src/config/parse-config.ts'
import type { Fleet } from '../../src/fleet/fleet.ts'
import { openFleet } from '../../src/fleet/open-fleet.ts'
import { formatConnectionString } from '../../src/postgres/connection-string.ts'
import { type NeonEmulator, startNeonEmulator } from '../../test/support/neon-emulator/index.ts'
import { createPostgresDataPlane } from '../../test/support/neon-emulator/postgres-data-plane.ts'
import { type BenchServer, runAsAdmin, withBenchServer } from '../bench-server.ts'
import { describeMachine } from '../describe-machine.ts'
import { markdownTable } from '../markdown-table.ts'

const { values } = parseArgs({ options: { quick: { type: 'boolean', default: false } } })
const TENANTS = values.quick ? 12 : 100
/** Of the emulated network to the API, in milliseconds. */
const LATENCY = 30
/** Scaled down so that they, not this machine, are the limit; in the proportion of Neon's own limit to ours. */
const OURS_PER_SECOND = 6
const THEIRS_PER_SECOND = 8
const PER_MINUTE = 100_000
/** What a tenant may cost, by what is rolled out. */
const MOST_CALLS = { safe: 0, risky: 6 }

const log = (line: string): void => console.error(line)

await withBenchServer(async (server) => {
  const dataPlane = await createPostgresDataPlane({
    server: formatConnectionString(server.admin, { reveal: true }),
    prefix: 'bench_neon',
  })
  const emulator = await startNeonEmulator({
    dataPlane,
    latencyMs: LATENCY,
    validate: false,
    enforceRateLimit: { perMinute: PER_MINUTE, perSecond: THEIRS_PER_SECOND },
  })
  try {
    const fleet = await openBenchFleet(server, emulator)
    try {
      console.log(
        [(await describeMachine(server.admin)).join('\n'), await measure(server, fleet, emulator)].join('\n\n'),
      )
    } finally {
      await fleet.close()
    }
  } finally {
    await emulator.stop()
  }
})

async function openBenchFleet({ admin, root }: BenchServer, emulator: NeonEmulator): Promise<Fleet> {
  process.env.FLEET_SECRET_KEY ??= Buffer.alloc(32, 7).toString('base64')
  await mkdir(join(root, 'migrations'), { recursive: true })
  await migration(root, '0001_items', 'create table items (id int primary key, text text)')
  await runAsAdmin(admin, ['create database bench_neon_catalog'])
  const { apiKey, baseUrl, orgId } = emulator
  const config = {
    name: 'benchneon',
    provider: {
      kind: 'neon',
      apiKey,
      baseUrl,
      orgId,
      region: 'aws-us-east-1',
      requestsPerSecond: OURS_PER_SECOND,
      requestsPerMinute: PER_MINUTE,
    },
    catalog: { url: formatConnectionString({ ...admin, database: 'bench_neon_catalog' }, { reveal: true }) },
    rollout: { failureMode: 'soft', concurrency: 16, perServer: 16, proof: 0 },
  }
  return openFleet(parseConfig(config, { root }))
}

function migration(root: string, name: string, statement: string): Promise<void> {
  const text = `import { sql } from '${import.meta.resolve('kysely')}'\nexport const up = (db) => sql\`${statement}\`.execute(db)\n`
  return writeFile(join(root, 'migrations', `${name}.ts`), text)
}

/** Says what of the promises was broken; these are counts, which no slow machine excuses. */
function brokenPromises(
  what: keyof typeof MOST_CALLS,
  { callsPerTenant, mostInASecond, refused }: Readonly<Record<'callsPerTenant' | 'mostInASecond' | 'refused', number>>,
): string[] {
  return [
    ...(refused > 0 ? [`${refused} calls of the ${what} rollout were above the limit, and refused.`] : []),
    ...(mostInASecond > THEIRS_PER_SECOND ? [`${mostInASecond} calls of a route in a second (${what}).`] : []),
    ...(callsPerTenant > MOST_CALLS[what]
      ? [`${callsPerTenant.toFixed(2)} calls per tenant of the ${what} rollout: at most ${MOST_CALLS[what]}.`]
      : []),
  ]
}

async function measure({ root }: BenchServer, fleet: Fleet, emulator: NeonEmulator): Promise<string> {
  log(`${TENANTS} projects`)
  const tenants = Array.from({ length: TENANTS }, (_, index) => ({ id: `t${String(index).padStart(3, '0')}` }))
  for await (const _ of fleet.tenants.create(tenants));
  const rows: string[][] = []
  for (const [what, name, statement] of [
    ['safe', '0002_more', 'create table more (id int)'],
    ['risky', '0003_drop', 'alter table items drop column text'],
  ] as const) {
    log(`a ${what} migration`)
    await migration(root, name, statement)
    await fleet.rollouts.plan()
    emulator.calls.reset()
    const since = performance.now()
    const result = await fleet.rollouts.start()
    const seconds = (performance.now() - since) / 1_000
    if (result.kind !== 'rested' || result.status.outcome !== 'succeeded')
      throw new Error('The rollout did not succeed.')
    const refused = emulator.calls.log.filter(({ status }) => status === 429).length
    // Limits are by route: the one that is asked most is what a rollout waits for.
    const byRoute = [...Map.groupBy(emulator.calls.log, ({ method, route }) => `${method} ${route}`).values()]
    const most = Math.max(...byRoute.map(({ length }) => length))
    const used = most < TENANTS ? 'none' : (most / (seconds * OURS_PER_SECOND)).toFixed(2)
    // The plan's own calls name no project.
    const ofTenants = emulator.calls.log.filter(({ route }) => route.includes('{project_id}'))
    const callsPerTenant = ofTenants.length / TENANTS
    const mostInASecond = emulator.calls.greatestPerSecond
    rows.push([what, seconds.toFixed(1), callsPerTenant.toFixed(2), String(mostInASecond), String(refused), used])
    for (const broken of brokenPromises(what, { callsPerTenant, mostInASecond, refused })) {
      log(broken)
      process.exitCode = 1
    }
  }
  return [
    `## A rollout over ${TENANTS} tenants at the Neon emulator, ${LATENCY} ms from its API`,
    `At most ${OURS_PER_SECOND} calls of a route in a second are made; the emulator refuses more than ${THEIRS_PER_SECOND}.`,
    markdownTable(
      [
        'migration',
        'seconds',
        'calls per tenant',
        'most of a route in a second',
        'refused (429)',
        'share of the limit used',
      ],
      rows,
    ),
  ].join('\n\n')
}
