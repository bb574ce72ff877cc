import { describe, expect, test } from 'vitest'
import { createInProcessEngine } from '../../src/engine/in-process-engine.ts'
import type { Clock } from '../../src/lib/clock.ts'
import type { FailureMode } from '../../src/model/rollout.ts'
import type { RolloutFacts } from '../../src/model/rollout-facts.ts'
import type { RolloutState } from '../../src/model/rollout-state.ts'
import { executeRollout, type RolloutStore } from '../../src/rollout/execute-rollout.ts'

/** Numbers that look random and are the same for a seed (mulberry32). */
function random(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296
  }
}

type Run = {
  readonly id: string
  readonly wave: number
  readonly server: string
  state: 'pending' | 'running' | 'succeeded' | 'failed'
}

/** A catalog in memory that keeps the same rules, with delays of a random number of turns. */
function simulate(seed: number, failureMode: FailureMode) {
  const chance = random(seed)
  const pick = (most: number) => Math.floor(chance() * most)
  const waves = Array.from({ length: 1 + pick(3) }, (_, position) => ({
    name: `w${position}`,
    position,
    concurrency: 1 + pick(6),
    maxFailures: pick(3),
    startedAt: null as string | null,
    finishedAt: null as string | null,
  }))
  const runs: Run[] = waves.flatMap(({ position }) =>
    Array.from({ length: 1 + pick(12) }, (_, n) => ({
      id: `${position}-${n}`,
      wave: position,
      server: `s${pick(2)}`,
      state: 'pending' as const,
    })),
  )
  const failRate = chance() * 0.5
  const perServer = 1 + pick(4)
  let state: RolloutState = 'running'
  const problems: string[] = []
  const turns = async () => {
    for (let left = pick(5); left >= 0; left--) await new Promise(setImmediate)
  }
  const clock: Clock = {
    now: () => new Date(0),
    sleep: async (_, signal) => {
      for (let left = 3; left > 0 && !signal?.aborted; left--) await new Promise(setImmediate)
    },
    every: () => () => {},
  }
  const of = (position: number, ...states: Run['state'][]) =>
    runs.filter((it) => it.wave === position && states.includes(it.state))
  const store: RolloutStore = {
    facts: async (): Promise<RolloutFacts> => {
      await turns()
      return {
        state,
        epoch: 1,
        proving: [],
        deviating: [],
        unfit: [],
        waves: waves.map((wave) => ({
          ...wave,
          pending: of(wave.position, 'pending').length > 0,
          open: of(wave.position, 'pending').length > 0,
          running: of(wave.position, 'running').length,
          failed: of(wave.position, 'failed').length,
        })),
      }
    },
    claimable: async (wave, limits, held) => {
      await turns()
      const room = (server: string) => limits.perServer - held.filter((it) => it.server === server).length
      const taken: Record<string, number> = {}
      return of(wave.position, 'pending')
        .filter((it) => !held.some((other) => other.tenantId === it.id))
        .filter(({ server }) => {
          taken[server] = (taken[server] ?? 0) + 1
          return (taken[server] ?? 0) <= room(server)
        })
        .slice(0, limits.most)
        .map(({ id, server }) => ({ tenantId: id, server, proves: false }))
    },
    releaseLostClaims: async () => {},
    markWaveStarted: async (wave) => mark(wave.position, 'startedAt'),
    markWaveFinished: async (wave) => mark(wave.position, 'finishedAt'),
    pause: async () => move('running', 'paused'),
    complete: async () =>
      !runs.some((it) => it.state === 'pending' || it.state === 'running') && move('running', 'completed'),
    finishAbort: async () => move('aborting', 'aborted'),
  }
  function mark(position: number, what: 'startedAt' | 'finishedAt'): boolean {
    const wave = waves[position]
    if (!wave || wave[what] !== null) return false
    wave[what] = 'now'
    return true
  }
  function move(from: RolloutState, to: RolloutState): boolean {
    if (state !== from) return false
    state = to
    return true
  }

  /** A claim refuses what the catalog's does; what the loop must not even try is a problem. */
  async function run(tenantId: string): Promise<void> {
    await turns()
    const own = runs.find((it) => it.id === tenantId)
    const wave = own && waves[own.wave]
    if (wave === undefined || own?.state !== 'pending' || state !== 'running') return
    const failed = of(own.wave, 'failed').length
    if (failed > wave.maxFailures) return
    if (failureMode === 'strict' && failed + of(own.wave, 'running').length > wave.maxFailures) return
    own.state = 'running'
    const running = of(own.wave, 'running').length
    if (failureMode === 'strict' && failed + running > wave.maxFailures + 1)
      problems.push(`${running} in flight with ${failed} failed of ${wave.maxFailures}`)
    if (running > wave.concurrency) problems.push(`${running} at once in a wave of ${wave.concurrency}`)
    if (runs.filter((it) => it.server === own.server && it.state === 'running').length > perServer)
      problems.push(`more than ${perServer} on ${own.server}`)
    if (runs.some((it) => it.wave < own.wave && (it.state === 'pending' || it.state === 'running')))
      problems.push(`${tenantId} before an earlier wave was done`)
    await turns()
    own.state = chance() < failRate ? 'failed' : 'succeeded'
  }

  async function drive(interrupted = new AbortController().signal): Promise<void> {
    const engine = createInProcessEngine({ clock, onError: (error) => problems.push(String(error)) })
    engine.start((task) => run(task.tenantId))
    await executeRollout({
      rolloutId: 1,
      epoch: 1,
      failureMode,
      perServer,
      store,
      engine,
      clock,
      interrupted,
      lost: new AbortController().signal,
      broken: new AbortController().signal,
      emit: () => {},
    })
    if (runs.some((it) => it.state === 'running')) problems.push('came to rest with tenants in flight')
  }

  return {
    drive,
    problems,
    state: () => state,
    pause: () => move('running', 'paused'),
    resume: () => move('paused', 'running'),
    failedPerWave: () =>
      waves.map((wave) => ({ failed: of(wave.position, 'failed').length, maxFailures: wave.maxFailures })),
    open: () => runs.filter((it) => it.state === 'pending').length,
  }
}

describe.each(['strict', 'soft'] as const)('in %s mode', (mode) => {
  test.each(Array.from({ length: 40 }, (_, seed) => seed))(
    'keeps budget, order and limits in simulation %i',
    async (seed) => {
      const simulation = simulate(seed, mode)
      await simulation.drive()
      expect(simulation.problems).toEqual([])
      const exceeded = simulation.failedPerWave().filter((it) => it.failed > it.maxFailures)
      expect(simulation.state()).toBe(exceeded.length > 0 ? 'paused' : 'completed')
      if (mode === 'strict') expect(exceeded.every((it) => it.failed === it.maxFailures + 1)).toBe(true)
      if (exceeded.length === 0) expect(simulation.open()).toBe(0)
    },
  )
})

test.each(Array.from({ length: 20 }, (_, seed) => seed))(
  'starts nothing after a pause, and goes on where it was (simulation %i)',
  async (seed) => {
    const simulation = simulate(seed + 1000, 'soft')
    const driving = simulation.drive()
    for (let turns = 5 + seed * 3; turns > 0; turns--) await new Promise(setImmediate)
    simulation.pause()
    await driving
    const open = simulation.open()
    for (let turns = 50; turns > 0; turns--) await new Promise(setImmediate)
    expect(simulation.open()).toBe(open)
    simulation.resume()
    await simulation.drive()
    expect(simulation.problems).toEqual([])
  },
)

test('an interrupt lets what is in flight finish and pauses', async () => {
  const simulation = simulate(7, 'soft')
  await simulation.drive(AbortSignal.abort())
  expect(simulation.state()).toBe('paused')
  expect(simulation.problems).toEqual([])
})
