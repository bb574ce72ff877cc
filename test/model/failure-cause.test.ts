import { expect, test } from 'vitest'
import { causeOf, ID_PATTERN } from '../../src/model/failure-cause.ts'
import { withClient } from '../../src/postgres/connect.ts'
import { ids, setupFleet } from '../support/fleet.ts'
import { superuser } from '../support/test-server.ts'

const refusal = (message: string) => causeOf({ migration: null, sqlstate: null, message })

/** Two tenants, one cause. */
const ALIKE: readonly (readonly [string, string])[] = [
  [
    'Branch br-aged-salad-637688 was not looked at. Neon: no answer of its own came (request 5f0c3a52-9a0e-4b0a-9a57-0d1f2c3b4a59).',
    'Branch br-cool-sea-a1b2c3d4 was not looked at. Neon: no answer of its own came (request 00000000-9a0e-4b0a-9a57-0d1f2c3b4a50).',
  ],
  ['Restore point p20 was not made. It is gone.', 'Restore point p9 was not made. It is gone.'],
  ['Tenants: tenant "acme" has none.', 'Tenants: tenant "globex" has none.'],
  [
    'Branch "fleet/rp/p20" of project quiet-sea-123456 is gone.',
    'Branch "fleet/rp/p21" of project old-hill-1234 is gone.',
  ],
  ['There is no database "f_acme" on db.example.com:5432.', 'There is no database "f_globex" on db.example.com:5432.'],
]
const OTHERS: readonly (readonly [string, string])[] = [
  ['No file for 0003_drop.', 'No file for 0004_more.'],
  ['Neon: "pay".', 'Neon: "too late".'],
  ['Branch br-a-1 is gone.', 'Branch br-a-1 is protected.'],
]

test.each(ALIKE)('%s has the same cause as %s', (one, other) => expect(refusal(one)).toBe(refusal(other)))

test.each(OTHERS)('%s has another cause than %s', (one, other) => expect(refusal(one)).not.toBe(refusal(other)))

test('what the server names stays: that is what is wrong', () => {
  const failure = (message: string) => causeOf({ migration: 'm', sqlstate: '42P01', message })
  expect(failure('relation "p20" does not exist')).not.toBe(failure('relation "p21" does not exist'))
})

test('the catalog leaves out the same', async () => {
  const messages = [...ALIKE, ...OTHERS].flat()
  const { rows } = await withClient(superuser(), { applicationName: 'test' }, (client) =>
    client.query("select regexp_replace(m, $2, '…', 'g') as message from unnest($1::text[]) as m", [
      messages,
      ID_PATTERN,
    ]),
  )
  expect(rows.map(({ message }) => JSON.stringify([null, null, message]))).toEqual(messages.map(refusal))
})

test('a rollout tells one cause once, in the words of its example', async () => {
  const { fleet, create, migration, inCatalog } = await setupFleet()
  await create(ids(3))
  await migration('0003_more', 'await sql`alter table items add column more int`.execute(db)')
  await fleet.rollouts.start()
  const [first = '', second = ''] = ALIKE[0] ?? []
  await inCatalog((client) =>
    client.query(
      `update fleet.tenant_run set state = 'failed', message = case tenant_id when 't001' then $1 when 't002' then $2 else 'No.' end`,
      [first, second],
    ),
  )
  expect((await fleet.rollouts.status()).failures).toEqual([
    { migration: null, sqlstate: null, message: first, count: 2, example: 't001' },
    { migration: null, sqlstate: null, message: 'No.', count: 1, example: 't003' },
  ])
})
