import { expect, test } from 'vitest'
import type { Clock } from '../../src/lib/clock.ts'
import { systemClock } from '../../src/lib/clock.ts'
import { advisoryLockKey, withAdvisoryLock } from '../../src/postgres/advisory-lock.ts'
import { withClient } from '../../src/postgres/connect.ts'
import { superuser, uniqueName } from '../support/test-server.ts'

const lend = <T>(use: Parameters<typeof withClient<T>>[2]) =>
  withClient(superuser(), { applicationName: 'fleet/test' }, use)
const refusal = () => new Error('held')

test('a key is the same in every process, and fits 64 bits', () => {
  expect(advisoryLockKey('database acme_1')).toBe(advisoryLockKey('database acme_1'))
  expect(advisoryLockKey('database acme_1')).not.toBe(advisoryLockKey('database acme_2'))
  expect(BigInt.asIntN(64, BigInt(advisoryLockKey('x')))).toBe(BigInt(advisoryLockKey('x')))
})

test('one after the other gets it, also after a failure', async () => {
  const name = uniqueName('lock')
  const order: string[] = []
  await lend((first) =>
    lend(async (second) => {
      let waiting: Promise<void> | undefined
      // The second one asks while the first one holds it: the clock shows that it polls.
      const polled = Promise.withResolvers<void>()
      const clock: Clock = {
        ...systemClock,
        sleep: (ms) => {
          polled.resolve()
          return systemClock.sleep(ms)
        },
      }
      const holding = withAdvisoryLock(first, { name, clock: systemClock, patience: 0, refusal }, async () => {
        waiting = withAdvisoryLock(second, { name, clock, patience: 10_000, refusal }, async () => {
          order.push('second')
        })
        await polled.promise
        order.push('first')
        throw new Error('failed')
      })
      await expect(holding).rejects.toThrow('failed')
      await waiting
    }),
  )
  expect(order).toEqual(['first', 'second'])
})

test('the refusal is thrown when the patience is over', async () => {
  const name = uniqueName('lock')
  const options = { name, clock: systemClock, patience: 0, refusal }
  await lend((first) =>
    lend((second) =>
      withAdvisoryLock(first, options, async () => {
        await expect(withAdvisoryLock(second, options, async () => 'in')).rejects.toThrow('held')
      }),
    ),
  )
})
