import stringWidth from 'string-width'
import { expect, test } from 'vitest'
import { renderPlan } from '../../src/cli/renderers/render-plan.ts'
import { renderUndo } from '../../src/cli/renderers/render-undo.ts'
import { restorePointCostLines, spaceRefusal } from '../../src/cli/renderers/restore-point-cost.ts'
import { serviceCostLines } from '../../src/cli/renderers/service-cost.ts'
import type { ServerCost } from '../../src/model/restore-point-cost.ts'
import type { UndoPlan } from '../../src/model/rollout.ts'
import type { ServiceCost } from '../../src/model/service-cost.ts'
import { page, plan } from './example-plan.ts'

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
       that is done; what is there now is kept.

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

       11 tenants return to what they had before. Their sessions are ended while
       that is done; what is there now is kept.
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
  const lines = restorePointCostLines({ servers, positions: 0, elsewhere }, page).join('\n')
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
  const costly = { ...plan, restorePointCost: { servers, positions: 0, elsewhere } }
  expect(renderPlan(costly, page)).toContain(lines)
  expect(spaceRefusal(costly)).toContain('do not fit on main:')
  expect(
    spaceRefusal({ ...plan, restorePointCost: { servers: servers.slice(1), positions: 0, elsewhere } }),
  ).toBeUndefined()
  expect(spaceRefusal(plan)).toBeUndefined()
})

test('that tenants stay in use is said only where every server copies so', () => {
  const cost = (...closed: readonly number[]) => ({
    positions: 0,
    elsewhere: { tenants: 0, examples: [] },
    servers: closed.map(
      (longest): ServerCost => ({
        server: 'main',
        tenants: 2,
        sampled: 2,
        bytes: 1,
        diskBytes: 1,
        mostDiskBytes: 1,
        took: { typical: 1, longest: 1 },
        closed: { typical: longest, longest },
        measured: 0,
        limits: [],
        fits: null,
      }),
    ),
  })
  const always = { ...plan, policy: { ...plan.policy, restorePoints: 'always' as const } }
  const shown = (restorePointCost: ReturnType<typeof cost>) =>
    renderPlan({ ...always, restorePointCost }, page).replaceAll(/\s+/g, ' ')
  expect(shown(cost(0, 0))).toContain('stays in use meanwhile')
  for (const closed of [[0, 5], [5], []]) expect(shown(cost(...closed))).toContain('its sessions are ended')
  const noted = { ...cost(0), positions: 1_200 }
  expect(shown(noted)).toContain(
    'Tenants that lack 0039_split_name get a restore point first, and stay in use meanwhile. Of 1,200 tenants without risky migrations the position in the history is noted first',
  )
  const safe = plan.migrations.filter(({ assessment }) => !assessment.restorePoint)
  expect(renderPlan({ ...always, migrations: safe, restorePointCost: { ...noted, servers: [] } }, page)).not.toMatch(
    /get a restore point|restore points +tenants/,
  )
})

test('a plan says why it is not known what it takes of a service', () => {
  const text = renderPlan({ ...plan, serviceCostUnknown: 'Neon does not accept the API key.' }, page)
  expect(text.replace(/\s+/g, ' ')).toContain(
    "What this takes of the provider's service, and costs, is not known: Neon does not accept the API key.",
  )
})

test('what a rollout takes of a service is said with the prices that it is told by', () => {
  const cost: ServiceCost = {
    service: 'Neon',
    calls: { least: 4_200, most: 6_300 },
    callsPerMinute: 600,
    leastMs: 420_000,
    wakes: 1_000,
    dollars: { about: 2.2461, prices: { from: 'publication', plan: 'launch', asOf: '2026-08' } },
    branches: 1_000,
    warnings: ['It may be late.'],
  }
  const said = (it: Partial<ServiceCost>) => serviceCostLines({ ...cost, ...it }, { ...page, width: 200 }).join('\n')
  expect(said({})).toMatchInlineSnapshot(`
    "   Neon: 4,200 to 6,300 calls of its API (600 a minute); 7 min at least. Up to 1,000 computes woken, about $2.25 (launch, at prices of 2026-08). For each of 1,000 restore points a branch is kept until
       it is pruned.
       It may be late."
  `)
  expect(said({ dollars: { about: 0.001, prices: { from: 'configuration' } } })).toContain(
    'woken, less than $0.01 (at the configured prices).',
  )
  expect(said({ dollars: null })).toContain('Up to 1,000 computes woken. For each')
})
