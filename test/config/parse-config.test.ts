import { expect, test } from 'vitest'
import type { FleetInput } from '../../src/config/define-fleet.ts'
import { embedded, postgres } from '../../src/config/define-fleet.ts'
import { parseConfig } from '../../src/config/parse-config.ts'
import { origin, refusalOf } from './refusal-of.ts'

test('a name alone is a whole configuration: every default is filled in', () => {
  expect(parseConfig({ name: 'acme' }, origin)).toEqual({
    name: 'acme',
    root: '/srv/app',
    file: undefined,
    provider: { kind: 'embedded' },
    catalog: undefined,
    migrations: {
      folder: '/srv/app/migrations',
      table: 'kysely_migration',
      lockTable: 'kysely_migration_lock',
      schema: undefined,
      allowUnordered: false,
      plugins: [],
    },
    extensions: [],
    placement: undefined,
    seed: undefined,
    rollout: {
      waves: [
        {
          name: 'everyone',
          match: undefined,
          size: undefined,
          maxFailures: { value: 0, unit: 'tenants' },
          onFailure: 'halt',
          concurrency: undefined,
          optional: true,
        },
      ],
      orderBy: undefined,
      concurrency: 32,
      perServer: 20,
      failureMode: 'strict',
      attempts: 5,
      transactionMode: 'per-migration',
      proof: 3,
      lockTimeout: 3_000,
      statementTimeout: 600_000,
      concurrentTimeout: 7_200_000,
    },
    restorePoints: { take: 'risky', keep: 86_400_000, maxBytes: undefined, copiesAtOnce: 2 },
  })
})

test('what is written is taken: servers, waves, quantities, durations', () => {
  const config = parseConfig(
    {
      name: 'acme',
      provider: postgres({
        servers: { eu: 'postgres://a:s3cret@eu.internal/postgres', us: 'postgres://b@us.internal:6000/x' },
      }),
      catalog: { url: 'postgres://c@localhost/catalog' },
      rollout: {
        waves: [
          { name: 'canary', match: { ring: 'internal' } },
          { name: 'early', size: '10%', maxFailures: '1.5%' },
          { name: 'everyone', concurrency: 64, maxFailures: 3, optional: true },
        ],
        lockTimeout: '5s',
        statementTimeout: 1_500,
      },
    } satisfies FleetInput,
    origin,
  )
  expect(config.provider).toMatchObject({
    kind: 'postgres',
    servers: [
      { name: 'eu', admin: { host: 'eu.internal', port: 5432, user: 'a', tls: 'verify' } },
      { name: 'us', admin: { host: 'us.internal', port: 6000, user: 'b', database: 'x' } },
    ],
  })
  expect(config.catalog).toMatchObject({ database: 'catalog', tls: 'off' })
  expect(config.rollout.waves.map((it) => [it.size, it.maxFailures])).toEqual([
    [undefined, { value: 0, unit: 'tenants' }],
    [
      { value: 10, unit: 'percent' },
      { value: 1.5, unit: 'percent' },
    ],
    [undefined, { value: 3, unit: 'tenants' }],
  ])
  expect([config.rollout.lockTimeout, config.rollout.statementTimeout]).toEqual([5_000, 1_500])
})

test.each<[wrong: string, input: unknown, message: string]>([
  ['no name', {}, 'name is not set.'],
  ['a name of another kind', { name: 7 }, 'name: 7 is not a text.'],
  [
    'a name with capitals',
    { name: 'Acme' },
    'name: "Acme" is not a fleet name. Use a-z, 0-9, _ and -, with a letter or digit at both ends, 20 characters at most.',
  ],
  ...['pg', 'pg_prod'].map((name): [string, unknown, string] => [
    `the name ${name}`,
    { name },
    `name: "${name}" is not a fleet name: the roles of its tenants would begin with pg_, which PostgreSQL keeps for itself.`,
  ]),
  [
    'an unknown key',
    { name: 'a', pool: { size: 3 } },
    'pool: is not an option. Allowed here: name, provider, catalog, migrations, extensions, placement, seed, rollout, restorePoints.',
  ],
  [
    'an option of a wave that does not exist',
    { name: 'a', rollout: { waves: [{ name: 'x', bake: '10m' }] } },
    'rollout.waves[0].bake: is not an option. Allowed here: name, match, size, maxFailures, onFailure, concurrency, optional.',
  ],
  [
    'a size in words',
    { name: 'a', rollout: { waves: [{ name: 'x', size: 'ten percent' }] } },
    'rollout.waves[0].size: "ten percent" is not a count or a percentage. Use 10 or "10%".',
  ],
  [
    'more than everybody',
    { name: 'a', rollout: { waves: [{ name: 'x', size: '101%' }] } },
    'rollout.waves[0].size: "101%" is not a count or a percentage. Use 10 or "10%".',
  ],
  [
    'a size of another kind',
    { name: 'a', rollout: { waves: [{ name: 'x', size: true }] } },
    'rollout.waves[0].size: true is not a count or a percentage. Use 10 or "10%".',
  ],
  [
    'a duration in words',
    { name: 'a', rollout: { lockTimeout: 'soon' } },
    'rollout.lockTimeout: "soon" is not a duration. Use milliseconds or "3s", "10m", "2h" (24 days at most).',
  ],
  [
    'no duration at all',
    { name: 'a', rollout: { lockTimeout: 0 } },
    'rollout.lockTimeout: 0 is not a duration. Use milliseconds or "3s", "10m", "2h" (24 days at most).',
  ],
  [
    // Longer than a branch can be kept at Neon that removes itself: 30 days.
    'a longer keep than restore points can have',
    {
      name: 'a',
      provider: { kind: 'neon', apiKey: 'k', region: 'r' },
      catalog: { url: 'postgres://a@b/c' },
      restorePoints: { keep: '60d' },
    },
    'restorePoints.keep: "60d" is not a duration. Use milliseconds or "3s", "10m", "2h" (24 days at most).',
  ],
  [
    'half a tenant',
    { name: 'a', rollout: { concurrency: 0.5 } },
    'rollout.concurrency: 0.5 is not a whole number of at least 1.',
  ],
  [
    'nobody at once',
    { name: 'a', rollout: { concurrency: 0 } },
    'rollout.concurrency: 0 is not a whole number of at least 1.',
  ],
  [
    'an unknown mode',
    { name: 'a', rollout: { failureMode: 'lax' } },
    'rollout.failureMode: "lax" is not a failure mode. Use "strict" or "soft".',
  ],
  [
    'an empty list of waves',
    { name: 'a', rollout: { waves: [] } },
    'rollout.waves: [] is empty. Leave it out for one wave of all tenants.',
  ],
  [
    'the same wave twice',
    { name: 'a', rollout: { waves: [{ name: 'x', size: 1 }, { name: 'x' }] } },
    'rollout.waves[1].name: "x" is used twice.',
  ],
  [
    'a wave behind one that takes the rest',
    { name: 'a', rollout: { waves: [{ name: 'x' }, { name: 'y', size: 2 }] } },
    'rollout.waves[1]: "y" can never get a tenant: "x" before it takes the rest.',
  ],
  [
    'a URL that is not set',
    { name: 'a', provider: postgres({ url: undefined }) },
    'provider.url is not set: is the environment variable that it is read from defined?',
  ],
  [
    'a server that is not set',
    { name: 'a', provider: postgres({ servers: { eu: undefined } }) },
    'provider.servers.eu is not set: is the environment variable that it is read from defined?',
  ],
  [
    'a catalog that is not set',
    { name: 'a', catalog: { url: undefined } },
    'catalog.url is not set: is the environment variable that it is read from defined?',
  ],
  [
    'two servers and no catalog',
    { name: 'a', provider: postgres({ servers: { eu: 'postgres://eu', us: 'postgres://us' } }) },
    'catalog.url is not set: with several servers, say where the catalog is.',
  ],
  [
    'one list of consoles for two servers',
    {
      name: 'a',
      catalog: { url: 'postgres://c' },
      provider: { kind: 'postgres', servers: { eu: 'postgres://e', us: 'postgres://u' }, pgbouncer: { consoles: [] } },
    },
    'provider.pgbouncer.consoles: is one list for several servers. Use lists by name: { eu: [...] }.',
  ],
  [
    'consoles of a server that there is not',
    { name: 'a', provider: { kind: 'postgres', url: 'postgres://h', pgbouncer: { consoles: { eu: [] } } } },
    'provider.pgbouncer.consoles.eu: is not a server. There are: main.',
  ],
  [
    'a console that is not set',
    { name: 'a', provider: postgres({ url: 'postgres://h', pgbouncer: { consoles: [undefined] } }) },
    'provider.pgbouncer.consoles[0] is not set: is the environment variable that it is read from defined?',
  ],
  [
    'a console that is not a URL',
    { name: 'a', provider: postgres({ url: 'postgres://h', pgbouncer: { consoles: ['hunter2@h'] } }) },
    'provider.pgbouncer.consoles[0]: must be a URL: postgres://user:password@host:5432/database.',
  ],
  ['no server', { name: 'a', provider: postgres({ servers: {} }) }, 'provider.servers: names no server.'],
  [
    'another provider',
    { name: 'a', provider: { kind: 'oracle' } },
    'provider.kind: "oracle" is not a provider. Use embedded(), postgres({ url }) or neon({ apiKey, region }).',
  ],
  [
    'an option for embedded',
    { name: 'a', provider: { ...embedded(), port: 1 } },
    'provider.port: is not an option. Allowed here: kind.',
  ],
  [
    'a list',
    [],
    'the configuration: [] is not an object with name, provider, catalog, migrations, extensions, placement, seed, rollout, restorePoints.',
  ],
  [
    'a tag that is a number',
    { name: 'a', rollout: { waves: [{ name: 'x', match: { ring: 1 } }] } },
    "rollout.waves[0].match.ring: 1 is not a text; a tag's value is one.",
  ],
])('refuses %s', (_wrong, input, message) => {
  expect(refusalOf(input)).toBe(message)
})

test.each(['mysql://root:hunter2@db/x', 'hunter2', 'postgres://u:hunter2@[bad/x', ''])(
  'never quotes a URL: %s',
  (url) => {
    const message = refusalOf({ name: 'a', provider: postgres({ url }) })
    expect(message).toMatch(/^provider\.url: (must be a URL|is empty)/)
    expect(message).not.toContain('hunter2')
  },
)

test('consoles of PgBouncer are those of their server, and reached under the name that a console has', () => {
  const url = 'postgres://a@localhost/postgres'
  const servers = (provider: FleetInput['provider']) => {
    const config = parseConfig({ name: 'a', provider, catalog: { url } }, origin)
    return config.provider.kind === 'postgres' ? config.provider.servers : []
  }
  expect(servers(postgres({ url }))).toMatchObject([{ name: 'main', pgbouncer: { consoles: [] } }])
  expect(servers(postgres({ url, pgbouncer: { consoles: ['postgres://b@h:6432/x'] } }))).toMatchObject([
    { pgbouncer: { consoles: [{ host: 'h', port: 6432, user: 'b', database: 'pgbouncer' }], pauseTimeout: 5_000 } },
  ])
  const pgbouncer = { consoles: { us: ['postgres://b@h'] }, pauseTimeout: '2s' }
  expect(servers(postgres({ servers: { eu: url, us: url }, pgbouncer }))).toMatchObject([
    { name: 'eu', pgbouncer: { consoles: [] } },
    { name: 'us', pgbouncer: { consoles: [{ host: 'h' }], pauseTimeout: 2_000 } },
  ])
})

test('names all that is wrong at once, each with its line', () => {
  const source = `import { defineFleet } from 'kysely-fleet'

// rollout: { lockTimeout: 'not this one' }
export default defineFleet({
  name: 'Acme',
  rollout: {
    waves: [
      { name: 'canary', match: { ring: 'internal' } }, // size: 1
      {
        name: 'early, [late',
        "size": 'ten percent',
      },
    ],
    lockTimeout: 'soon',
  },
})
`
  const input = {
    name: 'Acme',
    rollout: { waves: [{ name: 'canary' }, { name: 'early', size: 'ten percent' }], lockTimeout: 'soon' },
  }
  expect(refusalOf(input, source).split('\n')).toEqual([
    expect.stringMatching(/^name: "Acme" is not a fleet name\..* {2}\(fleet\.config\.ts:5\)$/),
    'rollout.waves[1].size: "ten percent" is not a count or a percentage. Use 10 or "10%".  (fleet.config.ts:11)',
    expect.stringMatching(/^rollout\.lockTimeout: "soon" .* {2}\(fleet\.config\.ts:14\)$/),
  ])
})
