import { expect, test } from 'vitest'
import { linesOf } from '../../src/cli/renderers/plain-renderer.ts'
import {
  type RolloutView,
  reduceView,
  speedAt,
  viewOfPlan,
  viewOfStatus,
} from '../../src/cli/renderers/rollout-view.ts'
import { event, plan, stopped } from './example-plan.ts'

const fold = (events: readonly Parameters<typeof reduceView>[1][], from: RolloutView = viewOfPlan(plan)) =>
  events.reduce(reduceView, from)
const wave = (view: RolloutView, name: string) => view.waves.find((it) => it.name === name)
const started = (tenantId: string, ms = 0) =>
  event({ type: 'tenant.started', wave: 'canary', tenantId, attempt: 1 }, ms)
const succeeded = (tenantId: string, ms = 0) =>
  event({ type: 'tenant.succeeded', wave: 'canary', tenantId, attempt: 1, version: 'v', ms: 3 }, ms)
const failed = (tenantId: string, message: string) =>
  event({
    type: 'tenant.failed',
    wave: 'canary',
    tenantId,
    attempt: 1,
    migration: '0039_split_name',
    sqlstate: '23502',
    message,
  })

test('a plan is shown before anything has happened', () => {
  expect(viewOfPlan(plan)).toMatchObject({ id: null, state: 'planned', target: '0039_split_name' })
  expect(viewOfPlan(plan).waves.map((it) => [it.name, it.total, it.succeeded])).toEqual([
    ['canary', 4, 0],
    ['early', 41, 0],
    ['everyone', 366, 0],
  ])
})

test('tenants are counted from start to end', () => {
  const running = fold([started('a'), started('b'), succeeded('a', 5)])
  expect(wave(running, 'canary')).toMatchObject({
    running: 1,
    succeeded: 1,
    failed: 0,
    total: 4,
    startedAt: Date.parse('2026-01-01'),
  })
  const released = event({
    type: 'tenant.released',
    wave: 'canary',
    tenantId: 'b',
    attempt: 1,
    reason: 'error',
    sqlstate: '55P03',
    message: 'm',
    retryInMs: 100,
  })
  expect(fold([released], running)).toMatchObject({ retries: 1 })
  expect(wave(fold([released], running), 'canary')).toMatchObject({ running: 0, succeeded: 1 })
})

test('failures are grouped by cause and keep their first tenant', () => {
  const view = fold([started('a'), failed('a', 'x'), started('b'), failed('b', 'x'), started('c'), failed('c', 'y')])
  expect(view.failures.map((it) => [it.message, it.count, it.example])).toEqual([
    ['x', 2, 'a'],
    ['y', 1, 'c'],
  ])
  expect(wave(view, 'canary')).toMatchObject({ running: 0, failed: 3 })
})

test('a wave grows when tenants join it', () => {
  expect(wave(fold(['a', 'b', 'c', 'd', 'e'].map((id) => started(id))), 'canary')?.total).toBe(5)
})

test('what a dead driver left running is not running any more once another takes over', () => {
  const view = fold([started('a'), event({ type: 'rollout.resumed', driver: 'two', takenOverFrom: 'one' })])
  expect(wave(view, 'canary')?.running).toBe(0)
  expect(view).toMatchObject({ state: 'running', notice: 'taken over from one' })
})

test('tenants that have another address now are counted, as their applications have to be told', () => {
  const restored = (tenantId: string, endpointChanged: boolean) =>
    event({ type: 'tenant.restored', tenantId, restorePoint: 'p1', kept: 'p2', endpointChanged })
  const view = fold([restored('a', true)])
  expect(view.notice).toBe('a has another address now: fleet tenant url a')
  expect(fold([restored('b', false)]).notice).toBeNull()
  expect(fold([restored('b', true)], view).notice).toBe('2 tenants have another address now: fleet tenant url b')
  expect(linesOf(restored('a', true), { before: view, view })).toEqual([
    'a: has another address now. Give its application: fleet tenant url a',
  ])
  expect(linesOf(restored('b', false), { before: view, view })).toEqual([])
})

test('waiting is shown until something happens', () => {
  const waiting = fold([event({ type: 'rollout.waiting', reason: 'the driver that died' })])
  expect(waiting.waitingFor).toBe('the driver that died')
  expect(fold([started('a')], waiting).waitingFor).toBeNull()
})

test('a pause and the end are taken over', () => {
  expect(fold([event({ type: 'rollout.paused', reason: 'operator', note: '' })])).toMatchObject({
    state: 'paused',
    pauseReason: 'operator',
  })
  const end = event({
    type: 'rollout.finished',
    state: 'completed',
    outcome: 'succeeded',
    pauseReason: null,
    succeeded: 1,
    failed: 0,
    skipped: 0,
    pending: 0,
    failures: [],
  })
  expect(fold([started('a'), end])).toMatchObject({ state: 'completed', outcome: 'succeeded' })
})

test('a status is shown with every state counted', () => {
  expect(wave(viewOfStatus(stopped), 'everyone')).toMatchObject({ total: 366, succeeded: 150, failed: 8 })
})

test('the speed is that of the last ten seconds, and is not told from two tenants', () => {
  const start = Date.parse('2026-01-01')
  const view = fold(Array.from({ length: 20 }, (_, index) => succeeded(`t${index}`, index * 100)))
  expect(speedAt(view, start + 2_000)).toBeCloseTo(10)
  expect(speedAt(view, start + 60_000)).toBeUndefined()
  expect(speedAt(fold([succeeded('a'), succeeded('b')]), start + 1_000)).toBeUndefined()
})

test('memory does not grow with the number of tenants', () => {
  const view = fold(Array.from({ length: 1_000 }, (_, index) => succeeded(`t${index}`, index)))
  expect(view.settledAt).toHaveLength(100)
})
