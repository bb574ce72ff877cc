import stringWidth from 'string-width'
import { expect, test } from 'vitest'
import { renderCheck } from '../../src/cli/commands/check.ts'
import { bar } from '../../src/cli/renderers/bar.ts'
import { formatDuration } from '../../src/cli/renderers/format-values.ts'
import { annotations, stepSummary } from '../../src/cli/renderers/github-renderer.ts'
import { oneLine, renderFailures } from '../../src/cli/renderers/render-failures.ts'
import { renderPlan } from '../../src/cli/renderers/render-plan.ts'
import { renderProgress } from '../../src/cli/renderers/render-progress.ts'
import { renderRest, stateSentence } from '../../src/cli/renderers/render-rest.ts'
import { renderUndo } from '../../src/cli/renderers/render-undo.ts'
import { restorePointCostLines, spaceRefusal } from '../../src/cli/renderers/restore-point-cost.ts'
import { viewOfPlan, viewOfStatus } from '../../src/cli/renderers/rollout-view.ts'
import { table } from '../../src/cli/renderers/table.ts'
import type { ServerCost } from '../../src/model/restore-point-cost.ts'
import type { UndoPlan } from '../../src/model/rollout.ts'
import { page, plan, stopped } from './example-plan.ts'

test('a plan fits 80 columns', () => {
  expect(renderPlan(plan, page)).toMatchInlineSnapshot(`
    " Plan  0037_add_seats → 0039_split_name                          digest c41d07aa

       0038_seats_index  411 tenants  safe   not in a transaction
       0039_split_name   411 tenants  risky  drop-column; restore point

     migrations/0039_split_name.ts  risky  restore point

       drop-column  migrations/0039_split_name.ts:4  (users, ACCESS EXCLUSIVE, needs
       approval)
         alter table "users" drop column "name"
         The values of \`users.name\` are gone, and every index that contains it; a
         restore point is taken first.
         → Make it optional now and drop it once no code uses it.
       traced on PostgreSQL 18.4, on a database without rows

       Tenants that lack 0039_split_name get a restore point first: their sessions
       are ended, and nobody gets in while they are copied.

       wave      tenants  at once            failures allowed
       canary          4  1 (of 32: strict)  0
       early          41  1 (of 32: strict)  0
       everyone      366  8 (of 64: strict)  7

       Left out: 1 pinned: megacorp ("contract freeze until 1 Dec")."
  `)
  expect(
    Math.max(
      ...renderPlan(plan, page)
        .split('\n')
        .map((line) => line.length),
    ),
  ).toBeLessThanOrEqual(80)
})

test('an undo says who returns, who cannot, and what follows, in 80 columns', () => {
  const undo: UndoPlan = {
    of: 'r7',
    later: ['r8'],
    withdraws: ['0039_split_name'],
    readmits: [],
    releases: { from: '0039_split_name', to: '0037_add_seats' },
    stranded: 3,
    strandedExamples: [{ id: 'umbrella', why: 'no-restore-point' }],
    beyond: 12,
    acceptDataLoss: false,
    salvage: '/srv/salvage',
    down: null,
    byDown: 0,
  }
  const shown = renderUndo({ ...plan, undo }, undo, page)
  expect(shown).toMatchInlineSnapshot(`
    " Undo of r7  digest c41d07aa

       411 tenants return to what they had before. Their sessions are ended while
       the databases are exchanged; what is there now is kept.

       wave      tenants  at once            failures allowed
       canary          4  1 (of 32: strict)  0
       early          41  1 (of 32: strict)  0
       everyone      366  8 (of 64: strict)  7

       Where rows were written since that no file can hold, or nobody can tell, the
       tenant fails and stays as it is. To take those back all the same:
       --accept-data-loss. Rows that only the state before has are written to
       /srv/salvage.

       3 tenants cannot return, and stay as they are: umbrella (no restore point was
       taken of it), ….

       What r8 did to these tenants is taken back as well.
       1 pinned, left as they are: megacorp ("contract freeze until 1 Dec").
       12 tenants with these migrations were not changed by it, and keep them.
       Withdrawn until their files are others: 0039_split_name.
       New tenants get 0037_add_seats from now on, no more 0039_split_name."
  `)
  for (const line of shown.split('\n')) expect(stringWidth(line)).toBeLessThanOrEqual(80)
})

test('an undo that prefers down says who goes back so, and why the others do not, in 80 columns', () => {
  const undo: UndoPlan = {
    of: 'r7',
    later: [],
    withdraws: ['0039_split_name', '0040_index_seats'],
    readmits: [],
    releases: null,
    stranded: 1,
    strandedExamples: [{ id: 'umbrella', why: 'no-restore-point' }],
    beyond: 0,
    acceptDataLoss: false,
    salvage: null,
    down: {
      routes: [{ from: ['0039_split_name'], history: ['0039_split_name', '0040_index_seats'] }],
      migrations: [{ name: '0040_index_seats', file: 'migrations/0040_index_seats.ts', sqlChecksum: 'c0ffee' }],
      refusals: [
        { migration: '0039_split_name', why: 'its `down` may lose something: The values of `people.first` are gone.' },
        { migration: '0038_hire', why: 'it has no `down`' },
      ],
    },
    byDown: 400,
  }
  const shown = renderUndo({ ...plan, undo }, undo, page)
  expect(shown).toMatchInlineSnapshot(`
    " Undo of r7  digest c41d07aa

       11 tenants return to what they had before. Their sessions are ended while the
       databases are exchanged; what is there now is kept.
       400 tenants go back by \`down\`, which loses nothing: 0040_index_seats. What
       was written since stays.
       0039_split_name is not taken back by \`down\`: its \`down\` may lose something:
       The values of \`people.first\` are gone.
       0038_hire is not taken back by \`down\`: it has no \`down\`.

       wave      tenants  at once            failures allowed
       canary          4  1 (of 32: strict)  0
       early          41  1 (of 32: strict)  0
       everyone      366  8 (of 64: strict)  7

       Where rows were written since, or nobody can tell, the tenant fails and stays
       as it is. To take those back all the same: --accept-data-loss.

       1 tenant cannot return, and stays as they are: umbrella (no restore point was
       taken of it).

       1 pinned, left as they are: megacorp ("contract freeze until 1 Dec").
       Withdrawn until their files are others: 0039_split_name, 0040_index_seats."
  `)
  for (const line of shown.split('\n')) expect(stringWidth(line)).toBeLessThanOrEqual(80)
  expect(renderUndo({ ...plan, tenants: 400, undo }, undo, page)).not.toContain('sessions')
})

test('what restore points take is told by server, with what it is told from, in 80 columns', () => {
  const known: ServerCost = {
    server: 'main',
    tenants: 300_000,
    sampled: 200,
    bytes: 4_512_000_000_000,
    diskBytes: 4_512_000_000_000,
    mostDiskBytes: 5_104_000_000_000,
    took: { typical: 412, longest: 190_000 },
    closed: { typical: 310, longest: 182_000 },
    measured: 50,
    limits: [
      { kind: 'disk', room: 9_000_000_000_000 },
      { kind: 'configured', room: 5_000_000_000_000 },
    ],
    fits: false,
  }
  const servers: ServerCost[] = [
    known,
    {
      ...known,
      server: 'eu',
      tenants: 20,
      sampled: 20,
      diskBytes: 0,
      mostDiskBytes: 0,
      measured: 0,
      limits: [],
      fits: null,
    },
    {
      ...known,
      server: 'us-east-production-1',
      tenants: 7,
      sampled: 0,
      took: null,
      closed: null,
      limits: [],
      fits: null,
    },
  ]
  const elsewhere = { tenants: 1, examples: ['acme'] }
  const lines = restorePointCostLines({ servers, elsewhere }, page).join('\n')
  expect(lines).toMatchInlineSnapshot(`
    "   restore points     tenants      disk     room       one takes   tenant closed
       main               300,000  ≈ 4.5 TB   5.0 TB  0.4 s to 3 min  0.3 s to 3 min
       eu                      20   0 bytes  unknown  0.4 s to 3 min  0.3 s to 3 min
       us-east-producti…        7   unknown  unknown         unknown         unknown
       main: times as its last 50 restore points took; sizes from 200 databases, 5.1
       TB at most.
       eu: times are a guess, no restore point was copied like that there yet;
       copied by reference: up to 4.5 TB as tenants and copies are written to; what
       is free is not known: say it with restorePoints.maxBytes.
       us-east-production-1: the server did not say how large the databases are.
       1 tenant will fail: acme is reached by a URL of its own, where no restore
       point can be made. Adopt it with --like from a server of the configuration,
       leave it out (--skip-tenant), or take none (--take-restore-points never)."
  `)
  expect(Math.max(...lines.split('\n').map((line) => line.length))).toBeLessThanOrEqual(80)
  const costly = { ...plan, restorePointCost: { servers, elsewhere } }
  expect(renderPlan(costly, page)).toContain(lines)
  expect(spaceRefusal(costly)).toContain('do not fit on main:')
  expect(spaceRefusal({ ...plan, restorePointCost: { servers: servers.slice(1), elsewhere } })).toBeUndefined()
  expect(spaceRefusal(plan)).toBeUndefined()
})

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
