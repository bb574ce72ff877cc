import { sql } from 'kysely'
import { expect, test } from 'vitest'
import { renewLease, returnLease, takeLease } from '../../src/catalog/leases.ts'
import { type Catalog, openCatalog } from '../../src/catalog/open-catalog.ts'
import { claimRuns, finishRuns, pauseServer } from '../../src/catalog/tenant-runs.ts'
import { type DriverIdentity, isProvenDead, thisProcess } from '../../src/lib/process-identity.ts'
import { withTestDatabase } from '../support/test-server.ts'

const elsewhere: DriverIdentity = { host: 'elsewhere', pid: 1, scope: null, startedAt: null }

async function withRollout(use: (catalog: Catalog, rolloutId: number) => Promise<void>): Promise<void> {
  await withTestDatabase(async ({ connection }) => {
    const catalog = await openCatalog(connection, { fleet: 'acme', programVersion: '1.0.0', upgrade: false })
    const { db } = catalog
    try {
      const plan = JSON.stringify({})
      const { id } = await db
        .insertInto('fleet.rollout')
        .values({ state: 'running', digest: 'd', intent: 'i', plan })
        .returning('id')
        .executeTakeFirstOrThrow()
      await db.insertInto('fleet.history').values({ id: 'h', names: [] }).execute()
      await db
        .insertInto('fleet.wave')
        .values({ rollout_id: id, position: 0, name: 'w', concurrency: 1, max_failures: 0 })
        .execute()
      for (const tenant of ['a', 'b']) {
        await db
          .insertInto('fleet.tenant')
          .values({
            id: tenant,
            state: 'ready',
            origin: 'created',
            tags: '{}',
            server: 's',
            placement: JSON.stringify({}),
            history_id: 'h',
          })
          .execute()
        await db
          .insertInto('fleet.tenant_run')
          .values({ rollout_id: id, tenant_id: tenant, wave: 0, position: 1, server: 's', state: 'pending' })
          .execute()
      }
      await use(catalog, id)
    } finally {
      await catalog.close()
    }
  })
}

const succeeded = (tenantId: string, attempt: number) =>
  ({
    tenantId,
    attempt,
    state: 'succeeded',
    history: ['m'],
    counts: false,
    retryInMs: 0,
    migration: null,
    sqlstate: null,
    message: null,
  }) as const

test('a lease is held by one, renewed, given back, and lapses after 20 s without a heartbeat', async () => {
  await withRollout(async ({ db }, id) => {
    expect(await takeLease(db, id, elsewhere)).toEqual({ kind: 'taken', epoch: 1, from: null, orphans: [] })
    expect(await takeLease(db, id, thisProcess())).toMatchObject({ kind: 'held', by: elsewhere })
    expect(await renewLease(db, id, 1)).toBe(true)
    await db
      .updateTable('fleet.rollout')
      .set({ heartbeat_at: new Date(Date.now() - 21_000) })
      .execute()
    expect(await takeLease(db, id, thisProcess())).toEqual({ kind: 'taken', epoch: 2, from: elsewhere, orphans: [] })
    expect(await renewLease(db, id, 1)).toBe(false)
    await returnLease(db, id, 1)
    expect(await renewLease(db, id, 2)).toBe(true)
    await returnLease(db, id, 2)
    expect(await takeLease(db, id, elsewhere)).toEqual({ kind: 'taken', epoch: 3, from: null, orphans: [] })
  })
})

test('a takeover frees what the old driver had claimed, and refuses its claims and results', async () => {
  await withRollout(async ({ db }, id) => {
    await takeLease(db, id, elsewhere)
    const [claimed] = await claimRuns(db, { rolloutId: id, epoch: 1, failureMode: 'soft' }, ['a'])
    expect(claimed).toMatchObject({ tenantId: 'a', attempt: 1 })
    expect(await claimRuns(db, { rolloutId: id, epoch: 1, failureMode: 'soft' }, ['a'])).toEqual([undefined])
    await db
      .updateTable('fleet.rollout')
      .set({ heartbeat_at: new Date(0) })
      .execute()
    await takeLease(db, id, thisProcess())

    expect(await finishRuns(db, { rolloutId: id, epoch: 1 }, [succeeded('a', 1)])).toEqual([false])
    expect(await claimRuns(db, { rolloutId: id, epoch: 1, failureMode: 'soft' }, ['b'])).toEqual([undefined])
    const [again, other] = await claimRuns(db, { rolloutId: id, epoch: 2, failureMode: 'soft' }, ['a', 'b'])
    expect([again?.attempt, other?.attempt]).toEqual([2, 1])
    // Each is fenced by itself: the stale one is dropped alone.
    expect(await finishRuns(db, { rolloutId: id, epoch: 2 }, [succeeded('a', 1), succeeded('b', 1)])).toEqual([
      false,
      true,
    ])
    expect(await finishRuns(db, { rolloutId: id, epoch: 2 }, [succeeded('a', 2)])).toEqual([true])
    expect(await finishRuns(db, { rolloutId: id, epoch: 2 }, [succeeded('a', 2)])).toEqual([false])
    const rows = await db
      .selectFrom('fleet.tenant as t')
      .innerJoin('fleet.history as h', 'h.id', 't.history_id')
      .select('h.names')
      .execute()
    expect(rows).toEqual([{ names: ['m'] }, { names: ['m'] }])
  })
})

test('nothing is claimed while the rollout does not run, or after its budget is used up', async () => {
  await withRollout(async ({ db }, id) => {
    await takeLease(db, id, thisProcess())
    await db.updateTable('fleet.rollout').set({ state: 'paused', pause_reason: 'operator' }).execute()
    expect(await claimRuns(db, { rolloutId: id, epoch: 1, failureMode: 'soft' }, ['a', 'b'])).toEqual([
      undefined,
      undefined,
    ])
    await db.updateTable('fleet.rollout').set({ state: 'running', pause_reason: null }).execute()
    await db.updateTable('fleet.tenant_run').set({ state: 'failed' }).where('tenant_id', '=', 'a').execute()
    expect(await claimRuns(db, { rolloutId: id, epoch: 1, failureMode: 'soft' }, ['b'])).toEqual([undefined])
  })
})

test('a pause waits for a claim under way, and a claim for a pause', async () => {
  await withRollout(async ({ db }, id) => {
    await takeLease(db, id, thisProcess())
    const pausing = await db.startTransaction().execute()
    await pausing.updateTable('fleet.rollout').set({ state: 'paused', pause_reason: 'operator' }).execute()
    const claiming = claimRuns(db, { rolloutId: id, epoch: 1, failureMode: 'soft' }, ['a'])
    expect(await Promise.race([claiming, blocked(db)])).toBe('blocked')
    await pausing.commit().execute()
    expect(await claiming).toEqual([undefined])
  })
})

/** Resolves once some backend waits for a lock. */
async function blocked(db: Catalog['db']): Promise<'blocked'> {
  const { sql } = await import('kysely')
  for (;;) {
    const { rows } =
      await sql`select 1 from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`.execute(
        db,
      )
    if (rows.length > 0) return 'blocked'
  }
}

test('a process is proven dead only on the same machine', () => {
  const me = thisProcess()
  expect(isProvenDead(me)).toBe(false)
  expect(isProvenDead(elsewhere)).toBe(false)
  // The same pid with another start time is another process.
  if (me.startedAt !== null) expect(isProvenDead({ ...me, startedAt: '1' })).toBe(true)
  if (me.scope !== null) expect(isProvenDead({ ...me, pid: 4_194_304 })).toBe(true)
  expect(isProvenDead({ ...me, pid: 4_194_304, scope: 'another boot' })).toBe(false)
})

test('on a server that was found unfit nothing is claimed, what waits for its turn included', async () => {
  await withRollout(async ({ db }, id) => {
    await takeLease(db, id, elsewhere)
    const key = { rolloutId: id, epoch: 1, failureMode: 'soft' } as const
    await db.insertInto('fleet.rollout_server').values({ rollout_id: id, server: 's' }).execute()
    expect(await pauseServer(db, key, { server: 's', sqlstate: '53100', message: 'full' })).toBe(true)
    expect(await claimRuns(db, key, ['a', 'b'])).toEqual([undefined, undefined])
    const { rows } = await sql<{ state: string }>`select distinct state from fleet.tenant_run`.execute(db)
    expect(rows).toEqual([{ state: 'pending' }])
  })
})

test('in strict mode no more is claimed than the failure budget bears', async () => {
  await withRollout(async ({ db }, id) => {
    await takeLease(db, id, elsewhere)
    const key = { rolloutId: id, epoch: 1, failureMode: 'strict' } as const
    const [first, second] = await claimRuns(db, key, ['a', 'b'])
    expect([first?.tenantId, second]).toEqual(['a', undefined])
    expect(await claimRuns(db, key, ['b'])).toEqual([undefined])
    await finishRuns(db, key, [succeeded('a', 1)])
    expect(await claimRuns(db, key, ['b'])).toMatchObject([{ tenantId: 'b' }])
  })
})
