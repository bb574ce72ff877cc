import { describe, expect, test } from 'vitest'
import { Secret } from '../../../src/model/secret.ts'
import { createRateLimiter } from '../../../src/providers/neon/rate-limiter.ts'
import { sharedRateLimiter } from '../../../src/providers/neon/shared-rate-limiter.ts'
import { randomOf } from './random-of.ts'
import { createVirtualClock } from './virtual-clock.ts'

const ROUTES = ['GET /projects', 'POST /projects', 'GET /projects/{project_id}', 'GET /operations']

/** The most starts that any window of this length holds, both ends included. */
function mostWithin(starts: readonly number[], windowMs: number): number {
  let most = 0
  let first = 0
  for (const [last, at] of starts.entries()) {
    while ((starts[first] ?? at) < at - windowMs) first++
    most = Math.max(most, last - first + 1)
  }
  return most
}

describe('a limiter', () => {
  test.each(Array.from({ length: 40 }, (_, seed) => seed))(
    'never exceeds a limit in any window, keeps the order within a route, and starts everybody (seed %i)',
    async (seed) => {
      const random = randomOf(seed)
      const clock = createVirtualClock()
      const limits = {
        requestsPerMinute: 1 + Math.floor(random() * 120),
        requestsPerSecond: 1 + Math.floor(random() * 9),
      }
      const limiter = createRateLimiter(limits, clock)
      const started: { at: number; route: string; order: number }[] = []
      const refusals = random() < 0.5 ? 0.02 : 0
      const gap = 10 ** (1 + 3 * random())
      const waiting: Promise<void>[] = []
      for (let order = 0; order < 200; order++) {
        const route = ROUTES[Math.floor(random() ** 2 * ROUTES.length)] ?? ''
        waiting.push(
          limiter.turn(route).then((turn) => {
            started.push({ at: clock.now().getTime(), route, order })
            if (random() < refusals) turn.refused(random() < 0.5 ? null : Math.round(random() * 90_000))
          }),
        )
        if (random() < 0.5) await clock.sleep(Math.round(random() * gap))
      }
      await Promise.all(waiting)

      expect(started).toHaveLength(200)
      const times = started.map(({ at }) => at)
      expect(times).toEqual(times.toSorted((a, b) => a - b))
      expect(mostWithin(times, 60_000)).toBeLessThanOrEqual(limits.requestsPerMinute)
      for (const route of ROUTES) {
        const own = started.filter((it) => it.route === route)
        const ownTimes = own.map(({ at }) => at)
        expect(mostWithin(ownTimes, 1_000)).toBeLessThanOrEqual(limits.requestsPerSecond)
        expect(own.map(({ order }) => order)).toEqual(own.map(({ order }) => order).toSorted((a, b) => a - b))
      }
    },
  )

  test('lets through more than nine tenths of what the limits allow', async () => {
    const clock = createVirtualClock()
    const limiter = createRateLimiter({ requestsPerMinute: 600, requestsPerSecond: 30 }, clock)
    const begin = clock.now().getTime()
    await Promise.all(Array.from({ length: 6_000 }, (_, index) => limiter.turn(ROUTES[index % 4] ?? '')))
    // The first 600 take no minute: 6,000 need nine.
    expect(clock.now().getTime() - begin).toBeLessThan((9 * 60_000) / 0.9)
  })

  test('does not let one route hold up another, nor overtake within what both share', async () => {
    const clock = createVirtualClock()
    const limiter = createRateLimiter({ requestsPerMinute: 3, requestsPerSecond: 1 }, clock)
    const order: string[] = []
    await Promise.all(
      ['a1', 'a2', 'b1', 'b2', 'a3'].map(async (name) => {
        await limiter.turn(name.slice(0, 1))
        order.push(name)
      }),
    )
    expect(order).toEqual(['a1', 'b1', 'a2', 'b2', 'a3'])
  })

  test('holds all routes for as long as Retry-After says, and then goes at half the rate', async () => {
    const clock = createVirtualClock()
    const limiter = createRateLimiter({ requestsPerMinute: 600, requestsPerSecond: 30 }, clock)
    const begin = clock.now().getTime()
    const first = await limiter.turn('a')
    first.refused(7_000)
    const times: number[] = []
    await Promise.all(
      Array.from({ length: 31 }, async () => {
        await limiter.turn('b')
        times.push(clock.now().getTime() - begin)
      }),
    )
    expect(times[0]).toBe(7_000)
    // Spread evenly over the second.
    expect(times[14]).toBe(7_000 + 14 * 66)
    expect(times[15]).toBe(8_001)
    expect(times[30]).toBe(9_002)
  })

  test('goes on where the clock is set back', async () => {
    const clock = createVirtualClock()
    const limiter = createRateLimiter({ requestsPerMinute: 2, requestsPerSecond: 2 }, clock)
    await limiter.turn('a')
    await limiter.turn('a')
    clock.set(clock.now().getTime() - 3_600_000)
    const back = clock.now().getTime()
    await limiter.turn('a')
    // The second was started half a second after the first.
    expect(clock.now().getTime() - back).toBe(60_001 - 500)
  })
})

describe('of one key', () => {
  test('all share one limiter, and the lowest limits count', async () => {
    const clock = createVirtualClock()
    const one = sharedRateLimiter(new Secret('k'), { requestsPerMinute: 600, requestsPerSecond: 30 }, clock)
    const same = sharedRateLimiter(new Secret('k'), { requestsPerMinute: 2, requestsPerSecond: 30 }, clock)
    const other = sharedRateLimiter(new Secret('j'), { requestsPerMinute: 600, requestsPerSecond: 30 }, clock)
    expect(same).toBe(one)
    expect(other).not.toBe(one)
    const begin = clock.now().getTime()
    for (let turns = 0; turns < 3; turns++) await one.turn('a')
    expect(clock.now().getTime() - begin).toBe(60_001)
  })
})
