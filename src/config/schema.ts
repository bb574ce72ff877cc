import type { KyselyPlugin } from 'kysely'
import { z } from 'zod'
import type { ConnectionDescriptor } from '../model/connection.ts'
import { COPIES_AT_ONCE, MOST_COPIES_AT_ONCE } from '../model/copies-at-once.ts'
import { FleetError } from '../model/errors.ts'
import { Secret } from '../model/secret.ts'
import { parseConnectionString } from '../postgres/connection-string.ts'
import { parseByteSize } from './byte-size.ts'
import { parseDuration } from './duration.ts'
import { isKeptByPostgres } from './fleet-name.ts'
import { parseQuantity } from './quantity.ts'

/*
 * What may stand in a configuration. Each message is the end of a sentence that begins with the path and the value:
 * `rollout.waves[1].size: "ten percent" ` + `is not a count or a percentage. Use 10 or "10%".`
 */

const NOT_A_URL = 'must be a URL: postgres://user:password@host:5432/database.'

const NOT_CONSOLES = 'is not a list of URLs, nor an object of such lists by name of the server.'

/** The value is never shown: it may hold a password. `explainIssues` knows these by their path's last key. */
const url = z.string({ error: (issue) => (issue.input === undefined ? undefined : NOT_A_URL) }).transform(readUrl)

function readUrl(text: string, context: z.RefinementCtx): ConnectionDescriptor {
  try {
    return parseConnectionString(text)
  } catch (error) {
    if (!(error instanceof FleetError)) throw error
    context.addIssue({ code: 'custom', message: text === '' ? 'is empty.' : NOT_A_URL })
    return z.NEVER
  }
}

/** Reads a count or a share with `parse`, and says what is allowed where it cannot. */
function read<T>(parse: (value: number | string) => T | undefined, refusal: string) {
  return z.union([z.number(), z.string()], { error: refusal }).transform((value, context) => {
    const result = parse(value)
    if (result !== undefined) return result
    context.addIssue({ code: 'custom', message: refusal })
    return z.NEVER
  })
}

const quantity = read(parseQuantity, 'is not a count or a percentage. Use 10 or "10%".')
const duration = read(parseDuration, 'is not a duration. Use milliseconds or "3s", "10m", "2h" (24 days at most).')
const NOT_A_SIZE = 'is not a size. Use bytes or "500MB", "20GB", "1.5TB".'
const byteSize = read(parseByteSize, NOT_A_SIZE)
const atLeastOne = z
  .int({ error: 'is not a whole number of at least 1.' })
  .min(1, 'is not a whole number of at least 1.')
const text = z.string({ error: 'is not a text.' }).min(1, 'is empty.')
const flag = z.boolean({ error: 'is neither true nor false.' })

/** A strict object: an unknown key is refused with the list of those that are known. */
function options<Shape extends z.ZodRawShape>(shape: Shape) {
  return z.strictObject(shape, {
    error: (issue) =>
      issue.code === 'unrecognized_keys'
        ? `is not an option. Allowed here: ${Object.keys(shape).join(', ')}.`
        : `is not an object with ${Object.keys(shape).join(', ')}.`,
  })
}

const tags = z.record(z.string(), z.string({ error: "is not a text; a tag's value is one." }), {
  error: 'is not an object of tags, such as { ring: "internal" }.',
})

const wave = options({
  name: text.regex(/^[A-Za-z0-9][\w.-]{0,39}$/, 'is not a wave name: letters, digits, _ . and -, 40 at most.'),
  match: tags.optional(),
  size: quantity.optional(),
  maxFailures: quantity.default({ value: 0, unit: 'tenants' }),
  onFailure: z.enum(['halt', 'restore'], { error: 'is not one of: halt, restore.' }).default('halt'),
  concurrency: atLeastOne.optional(),
  optional: flag.default(false),
})

const consoles = z.array(url, { error: 'is not a list of URLs.' })

/** One server's are a list, those of several are lists by its name: which of both it is, `parse-config.ts` compares. */
const pgbouncer = options({
  consoles: z.any().transform((value, context): ConnectionDescriptor[] | Record<string, ConnectionDescriptor[]> => {
    const parsed = (
      Array.isArray(value) ? consoles : z.record(z.string(), consoles, { error: NOT_CONSOLES })
    ).safeParse(value)
    if (parsed.success) return parsed.data
    for (const { path, message } of parsed.error.issues) context.addIssue({ code: 'custom', path, message })
    return z.NEVER
  }),
  pauseTimeout: duration.default(5_000),
})

const NOT_A_MAJOR = 'is not a major version of PostgreSQL from 14 to 18.'
const NOT_COMPUTE_UNITS = 'is not a number of compute units of at least 0.25.'
/** As Neon's API has it; the most, and what is between, depend on the plan. */
const computeUnits = z.number({ error: NOT_COMPUTE_UNITS }).min(0.25, NOT_COMPUTE_UNITS)
/** No timeout, so that it may be longer than those: the longest that Neon's API takes. */
const historyWindow = read(
  (value) => parseDuration(value, 30 * 86_400_000),
  'is not a duration. Use milliseconds or "72h", "7d" (30 days at most).',
)

const NOT_A_PRICE = 'is not a price: a number of US dollars of at least 0.'
const price = z.number({ error: NOT_A_PRICE }).min(0, NOT_A_PRICE)
const NOT_AN_ID = 'is not the id of a project, such as quiet-river-12345678.'

const provider = z.discriminatedUnion(
  'kind',
  [
    options({ kind: z.literal('embedded') }),
    options({
      kind: z.literal('postgres'),
      url: url.optional(),
      servers: z
        .record(z.string().regex(/^[A-Za-z0-9][\w.-]{0,39}$/), url, { error: 'is not an object of names and URLs.' })
        .optional(),
      pgbouncer: pgbouncer.optional(),
    }),
    options({
      kind: z.literal('neon'),
      apiKey: text.transform((key) => new Secret(key)),
      placement: z
        .enum(['project-per-tenant', 'branch-per-tenant'], {
          error: 'is not one of: project-per-tenant, branch-per-tenant.',
        })
        .default('project-per-tenant'),
      templateProjectId: z
        .string({ error: NOT_AN_ID })
        .regex(/^[a-z0-9-]{1,60}$/, NOT_AN_ID)
        .optional(),
      region: text,
      orgId: text.optional(),
      pgVersion: z.int({ error: NOT_A_MAJOR }).min(14, NOT_A_MAJOR).max(18, NOT_A_MAJOR).default(18),
      historyRetention: historyWindow.optional(),
      autoscaling: options({ min: computeUnits, max: computeUnits }).optional(),
      suspendTimeout: duration.optional(),
      suspendAfter: flag.default(false),
      prices: options({ computeUnitHour: price.optional(), branchMonth: price.optional() }).optional(),
      requestsPerMinute: atLeastOne.default(600),
      requestsPerSecond: atLeastOne.default(30),
      baseUrl: z.url({ error: 'must be a URL that ends in /api/v2.' }).optional(),
    }),
  ],
  { error: 'is not a provider. Use embedded(), postgres({ url }) or neon({ apiKey, region }).' },
)

const migrations = options({
  folder: text.default('migrations'),
  table: text.default('kysely_migration'),
  lockTable: text.default('kysely_migration_lock'),
  schema: text.optional(),
  allowUnordered: flag.default(false),
  plugins: z
    .array(z.custom<KyselyPlugin>(isPlugin, { error: 'is not a Kysely plugin, such as `new CamelCasePlugin()`.' }), {
      error: 'is not a list of Kysely plugins.',
    })
    .default([]),
})

function isPlugin(value: unknown): boolean {
  const has = (method: string) => typeof Reflect.get(value as object, method) === 'function'
  return typeof value === 'object' && value !== null && has('transformQuery') && has('transformResult')
}

const rollout = options({
  waves: z
    .array(wave, { error: 'is not a list of waves.' })
    .min(1, 'is empty. Leave it out for one wave of all tenants.')
    .default([
      {
        name: 'everyone',
        match: undefined,
        size: undefined,
        maxFailures: { value: 0, unit: 'tenants' },
        onFailure: 'halt',
        concurrency: undefined,
        optional: true,
      },
    ]),
  orderBy: text.optional(),
  concurrency: atLeastOne.default(32),
  perServer: atLeastOne.default(20),
  failureMode: z
    .enum(['strict', 'soft'], { error: 'is not a failure mode. Use "strict" or "soft".' })
    .default('strict'),
  attempts: atLeastOne.default(5),
  transactionMode: z
    .enum(['per-migration', 'per-run'], { error: 'is not a transaction mode. Use "per-migration" or "per-run".' })
    .default('per-migration'),
  proof: z
    .int({ error: 'is not a whole number of at least 0.' })
    .min(0, 'is not a whole number of at least 0.')
    .default(3),
  lockTimeout: duration.default(3_000),
  statementTimeout: duration.default(600_000),
  concurrentTimeout: duration.default(7_200_000),
})

const NOT_A_NUMBER_OF_COPIES = `is not a whole number from 1 to ${MOST_COPIES_AT_ONCE}.`

const restorePoints = options({
  take: z
    .enum(['risky', 'always', 'never'], { error: 'says not when. Use "risky", "always" or "never".' })
    .default('risky'),
  keep: duration.default(86_400_000),
  maxBytes: z
    .union([byteSize, z.record(z.string(), byteSize)], { error: `${NOT_A_SIZE} Or one for each server by its name.` })
    .optional(),
  copiesAtOnce: z
    .number({ error: NOT_A_NUMBER_OF_COPIES })
    .int({ error: NOT_A_NUMBER_OF_COPIES })
    .min(1, NOT_A_NUMBER_OF_COPIES)
    .max(MOST_COPIES_AT_ONCE, NOT_A_NUMBER_OF_COPIES)
    .default(COPIES_AT_ONCE),
  dump: options({ from: byteSize, programs: z.string({ error: 'is not a folder.' }).optional() }).optional(),
})

const functionOf = <T>(refusal: string) => z.custom<T>((value) => typeof value === 'function', { error: refusal })

/** The whole configuration as users write it, with every default. Cross-checks are in `parse-config.ts`. */
export const schema = options({
  name: z
    .string({ error: 'is not a text.' })
    .regex(
      /^[a-z0-9]([a-z0-9_-]{0,18}[a-z0-9])?$/,
      'is not a fleet name. Use a-z, 0-9, _ and -, with a letter or digit at both ends, 20 characters at most.',
    )
    .refine(
      (name) => !isKeptByPostgres(name),
      'is not a fleet name: the roles of its tenants would begin with pg_, which PostgreSQL keeps for itself.',
    ),
  provider: provider.default({ kind: 'embedded' }),
  catalog: options({ url }).optional(),
  migrations: migrations.prefault({}),
  extensions: z.array(text, { error: 'is not a list of names, such as ["citext"].' }).default([]),
  placement: functionOf<(tenant: { id: string; tags: Record<string, string> }) => string | Promise<string>>(
    'is not a function that returns the name of a server.',
  ).optional(),
  seed: functionOf<(db: never) => Promise<void>>('is not a function (db) => Promise<void>.').optional(),
  rollout: rollout.prefault({}),
  restorePoints: restorePoints.prefault({}),
})

export type ParsedConfig = z.output<typeof schema>
