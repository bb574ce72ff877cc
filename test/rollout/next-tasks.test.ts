import { describe, expect, test } from 'vitest'
import type { ClaimableRun } from '../../src/catalog/tenant-runs.ts'
import type { Task } from '../../src/engine/engine.ts'
import { createInProcessEngine } from '../../src/engine/in-process-engine.ts'
import { systemClock } from '../../src/lib/clock.ts'
import { nextTasks } from '../../src/rollout/next-tasks.ts'

const FACTS = { rolloutId: 7, epoch: 3, proving: ['0003_c'], deviating: ['0004_d'] }
const run = (proves: boolean, index: number): ClaimableRun => ({
  tenantId: `t${index}`,
  server: `s${index % 2}`,
  proves,
})
const held = (proves: boolean, index: number): Task => ({
  ...run(proves, index + 100),
  rolloutId: 7,
  epoch: 3,
  live: ['0003_c', '0004_d'],
})

/** Every row of up to so many that prove, or do not. */
function rows(most: number): boolean[][] {
  const shorter = most === 0 ? [] : rows(most - 1)
  return [...shorter, ...Array.from({ length: 2 ** most }, (_, bits) => bitsOf(bits, most))]
}

function bitsOf(bits: number, count: number): boolean[] {
  return Array.from({ length: count }, (_, index) => (bits & (1 << index)) !== 0)
}

/** All that can be claimed, with all that can be held at that moment: with one that proves at most. */
const CASES = rows(4).flatMap((claimable) =>
  rows(3)
    .filter((it) => it.filter(Boolean).length <= 1)
    .map((already) => ({ runs: claimable.map(run), before: already.map(held) })),
)

describe('of what can be claimed', () => {
  test('one proves at a time: the first, when nobody is at it', () => {
    for (const { runs, before } of CASES) {
      const proof = nextTasks(runs, before, FACTS).filter((it) => it.proves)
      const first = before.some((it) => it.proves) ? undefined : runs.find((it) => it.proves)
      expect(proof.map((it) => it.tenantId)).toEqual(first ? [first.tenantId] : [])
    }
  })

  test('all that prove nothing become tasks, in their order, whoever proves', () => {
    for (const { runs, before } of CASES) {
      const tasks = nextTasks(runs, before, FACTS)
      const others = tasks.filter((it) => !it.proves)
      expect(others.map((it) => it.tenantId)).toEqual(runs.filter((it) => !it.proves).map((it) => it.tenantId))
      // Nothing is sorted: a proof waits for its turn as the others do.
      const order = runs.map((it) => it.tenantId)
      expect(tasks.map((it) => order.indexOf(it.tenantId))).toEqual(
        tasks.map((it) => order.indexOf(it.tenantId)).sort((a, b) => a - b),
      )
    }
  })

  test('something starts whenever nothing is held', () => {
    for (const { runs } of CASES) expect(nextTasks(runs, [], FACTS).length > 0).toBe(runs.length > 0)
  })

  test('what is given is left as it was', () => {
    for (const { runs, before } of CASES) {
      const [given, holding] = [structuredClone(runs), structuredClone(before)]
      nextTasks(runs, before, FACTS)
      expect({ runs, before }).toEqual({ runs: given, before: holding })
    }
  })
})

test('a task carries the epoch, and all that is not sent as recorded', () => {
  expect(nextTasks([run(true, 1), run(false, 2)], [], FACTS)).toEqual([
    { rolloutId: 7, epoch: 3, tenantId: 't1', server: 's1', proves: true, live: ['0003_c', '0004_d'] },
    { rolloutId: 7, epoch: 3, tenantId: 't2', server: 's0', proves: false, live: ['0003_c', '0004_d'] },
  ])
  // What deviated runs live for good, and is proven no more: everybody goes at once.
  const settled = nextTasks([run(false, 1), run(false, 2)], [], { ...FACTS, proving: [] })
  expect(settled.map(({ live }) => live)).toEqual([['0004_d'], ['0004_d']])
})

// Limits are no matter of these tasks: who offers them says how many may be held, and the engine keeps to it.
test.each([1, 2, 4, 8])('offered again and again, never more than %i are held, nor two that prove', async (atOnce) => {
  for (const proves of rows(4).map((it) => [...it, ...it])) {
    const engine = createInProcessEngine({ clock: systemClock, onError: (error) => expect.unreachable(String(error)) })
    const done: string[] = []
    const finish: (() => void)[] = []
    engine.start(
      (task) =>
        new Promise<void>((resolve) => {
          finish.push(() => {
            done.push(task.tenantId)
            resolve()
          })
        }),
    )
    const runs = proves.map(run)
    while (done.length < runs.length) {
      const left = runs.filter((it) => !done.includes(it.tenantId) && !engine.held().some(isTask(it)))
      engine.offer(nextTasks(left.slice(0, atOnce - engine.held().length), engine.held(), FACTS), {
        atOnce,
        perServer: atOnce,
      })
      expect(engine.held().length).toBeGreaterThan(0)
      expect(engine.held().length).toBeLessThanOrEqual(atOnce)
      expect(engine.held().filter((it) => it.proves).length).toBeLessThanOrEqual(1)
      const before = engine.held().length
      // The last one begun ends first, so that a proof is overtaken.
      finish.pop()?.()
      while (engine.held().length === before) await engine.settled()
    }
    expect(done.toSorted()).toEqual(runs.map((it) => it.tenantId).toSorted())
    await engine.stop()
  }
})

function isTask({ tenantId }: ClaimableRun): (task: Task) => boolean {
  return (task) => task.tenantId === tenantId
}
