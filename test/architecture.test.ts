import { readdirSync, readFileSync } from 'node:fs'
import { join, posix } from 'node:path'
import { expect, test } from 'vitest'

/** The parts of `src/` in reading order, and what each may import. See ARCHITECTURE.md. */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  'index.ts': ['fleet', 'config', 'model'],
  cli: ['fleet', 'config', 'model', 'lib'], // config: with-fleet loads what openFleet takes
  fleet: [
    'rehearsal',
    'rollout',
    'restore',
    'provisioning',
    'engine',
    'catalog',
    'migrations',
    'providers',
    'config',
    'postgres',
    'model',
    'lib',
  ],
  rehearsal: ['rollout', 'restore', 'catalog', 'migrations', 'providers', 'postgres', 'model', 'lib'],
  rollout: ['restore', 'provisioning', 'engine', 'catalog', 'migrations', 'providers', 'postgres', 'model', 'lib'],
  restore: ['catalog', 'migrations', 'providers', 'postgres', 'model', 'lib'],
  provisioning: ['catalog', 'migrations', 'providers', 'postgres', 'model', 'lib'],
  engine: ['model', 'lib'],
  catalog: ['postgres', 'model', 'lib'],
  migrations: ['postgres', 'model', 'lib'],
  providers: ['postgres', 'model', 'lib'],
  config: ['postgres', 'model', 'lib'],
  postgres: ['model', 'lib'],
  model: [],
  lib: [],
}

/** Decisions are functions of their arguments: they import the nouns and each other, and nothing that reaches the world. */
const PURE = [
  'rehearsal/choose-sample.ts',
  'rehearsal/estimate-rollout.ts',
  'rehearsal/held-locks.ts',
  'rollout/needs-restore-point.ts',
  'rollout/next-step.ts',
  'restore/choose-restore-point.ts',
  'restore/count-loss.ts',
  'restore/estimate-cost.ts',
  'restore/is-salvageable.ts',
  'restore/match-tables.ts',
  'provisioning/judge-marked.ts',
  'rollout/downs-of.ts',
  'rollout/waves.ts',
  'rollout/why-not-down.ts',
  'rollout/plan-digest.ts',
  'migrations/check-migrations.ts',
  'migrations/pending-migrations.ts',
]

/** What some part keeps for itself, so that it can promise something about it. */
const KEPT_IN: readonly [pattern: RegExp, parts: readonly string[]][] = [
  [/from 'pg'/, ['postgres']],
  [/\bDate\.now\(|\bnew Date\(\)|\bset(Timeout|Interval)\(|'node:timers\/promises'/, ['lib']],
  [/\bconsole\.|\bprocess\.(exit|stdout|stderr)\b/, ['cli']],
  // config: it tells apart what users write
  [/\bprovider\??\.kind [!=]==/, ['providers', 'config']],
]

const SRC = join(import.meta.dirname, '../src')
// Shipped as they are and copied to where the demonstration runs: a user's files, no part of the program.
const entries = readdirSync(SRC, { recursive: true, encoding: 'utf8' }).filter(
  (entry) => !entry.startsWith('cli/demo/'),
)
const files = entries.filter((entry) => entry.endsWith('.ts'))
const parts = Object.keys(MAY_IMPORT)
/** Without comments: the examples in them are the user's. */
const read = (file: string) => readFileSync(join(SRC, file), 'utf8').replaceAll(/\/\*\*[\s\S]*?\*\/|^\s*\/\/.*$/gm, '')
const partOf = (file: string) => file.split('/')[0] ?? file
const specifiersIn = (source: string) =>
  [...source.matchAll(/\b(?:from|import)\s*\(?\s*['"](\.[^'"]*)['"]/g)].map(([, specifier = '']) => specifier)
const importsOf = (file: string) =>
  specifiersIn(read(file)).map((specifier) => posix.join(posix.dirname(file), specifier))

test('every form of import is seen, and every file belongs to a part on the list', () => {
  const forms = [
    "import type {\n A,\n} from './x.ts'",
    "export { b } from './x.ts'",
    "import './x.ts'",
    'await import("./x.ts")',
  ]
  expect(forms.flatMap(specifiersIn)).toEqual(forms.map(() => './x.ts'))
  expect(files).toContain('fleet/fleet.ts')
  expect(files).toEqual(expect.arrayContaining(PURE))
  expect(files.filter((file) => !parts.includes(partOf(file)))).toEqual([])
})

test.each(parts)('%s may import only parts below it', (part) => {
  const below = parts.slice(parts.indexOf(part) + 1)
  expect(MAY_IMPORT[part]?.filter((other) => !below.includes(other))).toEqual([])
})

test.each(files)('%s imports what exists, from parts it may', (file) => {
  const allowed = [partOf(file), ...(MAY_IMPORT[partOf(file)] ?? [])]
  expect(importsOf(file).filter((target) => !entries.includes(target))).toEqual([])
  expect(importsOf(file).filter((target) => !allowed.includes(partOf(target)))).toEqual([])
})

test.each(PURE)('%s decides from its arguments alone', (file) => {
  expect(importsOf(file).filter((target) => partOf(target) !== 'model' && !PURE.includes(target))).toEqual([])
})

test.each(KEPT_IN)('%s stays in %s', (pattern, owners) => {
  expect(files.filter((file) => pattern.test(read(file)) && !owners.includes(partOf(file)))).toEqual([])
})
