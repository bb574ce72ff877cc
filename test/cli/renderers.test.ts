import stringWidth from 'string-width'
import { expect, test } from 'vitest'
import { renderCheck } from '../../src/cli/commands/check.ts'
import { bar } from '../../src/cli/renderers/bar.ts'
import { formatDuration } from '../../src/cli/renderers/format-values.ts'
import { annotations, stepSummary } from '../../src/cli/renderers/github-renderer.ts'
import { oneLine, renderFailures } from '../../src/cli/renderers/render-failures.ts'
import { renderProgress } from '../../src/cli/renderers/render-progress.ts'
import { renderRest, stateSentence } from '../../src/cli/renderers/render-rest.ts'
import { viewOfPlan, viewOfStatus } from '../../src/cli/renderers/rollout-view.ts'
import { table } from '../../src/cli/renderers/table.ts'
import { page, plan, stopped } from './example-plan.ts'

test('progress shows waves as bars and failures by cause', () => {
  expect(renderProgress(viewOfStatus(stopped), { ...page, rows: 24, now: 0 })).toMatchInlineSnapshot(`
    " Rollout r7 → 0039_split_name                   c41d07aa  paused: failure-budget

     canary    ████████████████████      4/4  41 s
     early     ████████████████████    41/41  52 s
     everyone  ████████▋░░░░░░░░░░░  158/366  stopped: 8 failed, 7 allowed

     8 failures, 2 causes
       6 × 0039_split_name  23502
           null value in column "last_name" of relation "users" violates not-null c…
           e.g. tenant_0311 · fleet tenant show tenant_0311
       2 × 0039_split_name  55P03  lock timeout on users after 5 attempts
           e.g. umbrella · fleet tenant show umbrella"
  `)
})

test('a rollout at rest says where the tenants are and what to type', () => {
  expect(renderRest(stopped, page)).toMatchInlineSnapshot(`
    " 195 tenants are at 0039_split_name, 8 failed and kept what they had before the
     failing migration, 208 not started. Nothing is running. Rollout r7 is paused:
     failure-budget (8 failures in wave everyone, 7 allowed). More tenants of a wave
     failed than it allows; retry --failed, then resume.

       look       fleet rollout show r7 --failed
       go on      fleet rollout retry r7 --failed && fleet rollout resume r7
       give up    fleet rollout abort r7
       take back  fleet rollout undo r7"
  `)
})

test('tenants that were skipped are no progress, and are told apart', () => {
  const [, , everyone] = stopped.waves
  if (everyone === undefined) throw new Error('the example has three waves')
  const counts = { pending: 0, running: 0, succeeded: 8, failed: 0, skipped: 19 }
  const aborted = { ...stopped, state: 'aborted' as const, failures: [], waves: [{ ...everyone, counts }] }
  expect(renderProgress(viewOfStatus(aborted), { ...page, rows: 24, now: 0 })).toContain(
    ' everyone  █████▉░░░░░░░░░░░░░░   8/27  19 skipped',
  )
})

test('failures are counted by the waves: there may be more causes than a status lists', () => {
  const [group] = stopped.failures
  if (group === undefined) throw new Error('the example has failures')
  const failures = Array.from({ length: 10 }, (_, index) => ({ ...group, message: `cause ${index}`, count: 1 }))
  const lines = renderFailures(failures, { page, failed: 38 })
  expect([lines.at(0), lines.at(-1)]).toEqual([
    ' 38 failures, more than 10 causes',
    '   … and more causes, of 28 failures',
  ])
  expect(renderFailures(failures, { page, failed: 10, most: 4 }).at(-1)).toBe('   … and 6 more causes')
})

test('a note that the reason of a pause says already is not said twice', () => {
  const paused = { ...stopped, pauseReason: 'interrupted' as const, pauseNote: 'The driver was told to stop.' }
  expect(stateSentence(paused)).toBe(
    'Rollout r7 is paused: interrupted. The driver was told to stop (Ctrl-C, SIGTERM); resume goes on.',
  )
})

test('a check that could not read a tenant says which, and advises no rollout for it', () => {
  const result = {
    atLeast: '0039_split_name',
    tenants: 6,
    behind: 0,
    examples: [],
    verified: 5,
    corrected: [],
    unreachable: ['acme'],
    ok: false,
  }
  expect(renderCheck(result, page)).toMatchInlineSnapshot(`
    " no: not every tenant could be read.
     By the catalog; 5 tenants read.
     1 could not be read: acme.
     Look: fleet doctor, fleet tenant show acme"
  `)
  expect(renderCheck({ ...result, behind: 1, examples: ['octan'] }, page)).toContain('Next: fleet rollout plan')
})

test.each([40, 60, 80, 120])('no line is wider than %i columns, whatever the names', (width) => {
  const long = 'a_very_long_name_'.repeat(6)
  const waves = stopped.waves.map((wave, index) => ({ ...wave, name: `${long}${index}` }))
  const failures = stopped.failures.map((it) => ({ ...it, migration: long, example: long, message: `${long} ${long}` }))
  const view = viewOfStatus({ ...stopped, target: long, waves, failures })
  const lines = renderProgress(view, { ...page, width, rows: 24, now: 0 }).split('\n')
  expect(lines.filter((line) => stringWidth(line) > width)).toEqual([])
})

test('fifty waves and twenty causes fit a terminal of 24 lines', () => {
  const [wave] = plan.waves
  const waves = Array.from({ length: 50 }, (_, index) => ({
    ...wave,
    tenants: 4,
    concurrency: 1,
    maxFailures: 0,
    atOnce: 1,
    onFailure: 'halt' as const,
    name: `w${index}`,
  }))
  const failures = Array.from({ length: 20 }, (_, index) => ({
    migration: 'm',
    sqlstate: null,
    message: `cause ${index}`,
    count: 1,
    example: 'a',
  }))
  const text = renderProgress({ ...viewOfPlan({ ...plan, waves }), failures }, { ...page, rows: 23, now: 0 })
  expect(text.split('\n').length).toBeLessThanOrEqual(23)
  expect(text).toMatch(/more to come[\s\S]*more causes/)
})

test('a message cannot move the cursor', () => {
  expect(oneLine('a\u001b[2Jb\rc\nsecond')).toBe('a [2Jb c')
})

test.each([
  [0, 8, '░░░░'],
  [1, 1_000, '▏░░░'],
  [1, 2, '██░░'],
  [999, 1_000, '███▉'],
  [8, 8, '████'],
  [0, 0, '████'],
])('%i of %i is drawn as %s', (part, whole, drawn) => {
  expect(bar(part, whole, 4)).toBe(drawn)
})

test.each([
  [0, '0.0 s'],
  [1_140, '1.1 s'],
  [41_000, '41 s'],
  [60_000, '1 min'],
  [360_000, '6 min'],
  [7_440_000, '2 h 4 min'],
  [259_200_000, '3 d'],
])('%i ms are %s', (ms, text) => {
  expect(formatDuration(ms)).toBe(text)
})

test('a table shortens what may be shortened on a terminal, and nothing where it is piped on', () => {
  const columns = [
    { title: 'tenant', text: (it: { id: string; message: string }) => it.id },
    { title: '', text: (it: { id: string; message: string }) => it.message, least: 8 },
  ]
  const rows = [{ id: 'acme', message: 'something that is longer than the page' }]
  expect(table(columns, rows, { width: 30, cut: true })).toBe(' tenant\n acme    something that is lo…')
  expect(table(columns, rows, { width: 30, cut: false })).toContain('longer than the page')
})

test('GitHub gets an annotation per cause and a summary', () => {
  expect(annotations(stopped)).toContain(
    '::error file=migrations/0039_split_name.ts,title=2 failed%2C 55P03::0039_split_name: lock timeout on users after 5 attempts (e.g. umbrella)',
  )
  expect(stepSummary(stopped)).toMatch(
    /^### ⏸ Rollout r7 is paused[\s\S]*\| everyone \| 150 \/ 366 \| 8 \|[\s\S]*`fleet rollout abort r7`/,
  )
})
