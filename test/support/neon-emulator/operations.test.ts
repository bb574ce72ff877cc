import { describe, expect, test } from 'vitest'
import { EmulatorClock } from './emulator-clock.ts'
import type { CallFault, FaultTargets, OperationFault } from './faults.ts'
import { Faults } from './faults.ts'
import type { OperationStatus, Project } from './model.ts'
import { Operations, type Step } from './operations.ts'

const TARGETS: FaultTargets = {
  checkAvailability: () => {},
  refuse: () => {},
  cut: async () => {},
  neverWakes: () => {},
}

function setup() {
  const clock = new EmulatorClock()
  const faults = new Faults(TARGETS, 0)
  const operations = new Operations(clock, faults, 1)
  const seen: OperationStatus[] = []
  const project = { id: 'p', isMutating: false, operations: [] as Project['operations'] } as Project
  /** Runs one operation, and returns the statuses that it had, and how often its work was done. */
  const run = async (step: Partial<Step> = {}) => {
    let done = 0
    const [operation] = operations.schedule(project, [
      {
        action: 'create_branch',
        work: async () => {
          done += 1
        },
        ...step,
      },
    ])
    if (!operation) throw new Error('There is no operation.')
    seen.push(operation.status)
    let status = operation.status
    Object.defineProperty(operation, 'status', {
      get: () => status,
      set: (next: OperationStatus) => {
        status = next
        seen.push(next)
      },
    })
    await operations.settled()
    return { operation, seen, done }
  }
  return { clock, faults, operations, project, run }
}

describe('an operation', () => {
  test.each<[OperationFault | undefined, readonly OperationStatus[], number]>([
    [undefined, ['scheduling', 'running', 'finished'], 1],
    ['recovers', ['scheduling', 'running', 'failed', 'running', 'finished'], 1],
    ['stays', ['scheduling', 'running', 'failed', 'running', 'failed', 'running', 'error'], 0],
    ['cancelled', ['scheduling', 'running', 'cancelling', 'cancelled'], 0],
    ['skipped', ['scheduling', 'skipped'], 1],
  ])('that %s goes through these statuses', async (how, statuses, times) => {
    const { faults, run } = setup()
    if (how) faults.failOperation({ action: 'create_branch', how })
    const { seen, done } = await run()
    expect(seen).toEqual(statuses)
    expect(done).toBe(times)
  })

  test('is tried again when its work fails, and says why until it is done', async () => {
    const { run } = setup()
    let left = 1
    const { operation, seen } = await run({
      work: async () => {
        left -= 1
        if (left >= 0) throw new Error('busy')
      },
    })
    expect(seen).toEqual(['scheduling', 'running', 'failed', 'running', 'finished'])
    expect(operation).toMatchObject({ failures: 1, error: undefined })
  })

  test('whose first try failed in the request begins as a failed one', async () => {
    const { run } = setup()
    const { seen, done } = await run({ failedWith: new Error('busy') })
    expect(seen).toEqual(['scheduling', 'running', 'failed', 'running', 'finished'])
    expect(done).toBe(1)
  })

  test('that is slow ends when the clock is advanced', async () => {
    const { clock, faults, run } = setup()
    faults.slowOperation(30_000)
    const running = run()
    await clock.advance(40_000)
    expect((await running).seen.at(-1)).toBe('finished')
  })
})

describe('the operations of a project', () => {
  test('run one after another, and the rest is cancelled after an error', async () => {
    const { faults, operations, project } = setup()
    const done: string[] = []
    const step = (action: string): Step => ({
      action,
      work: async () => {
        done.push(action)
      },
    })
    faults.failOperation({ action: 'b', how: 'stays' })
    const planned = operations.schedule(project, [step('a'), step('b'), step('c')])
    await operations.settled()
    expect(planned.map((it) => it.status)).toEqual(['finished', 'error', 'cancelled'])
    expect(done).toEqual(['a'])
  })

  test('keep other mutations out until they have ended, and so does a request at work', async () => {
    const { operations, project } = setup()
    const refused = { status: 423 }
    await operations.mutate(project, async () => {
      await expect(operations.mutate(project, async () => {})).rejects.toMatchObject(refused)
      operations.schedule(project, [{ action: 'a' }])
    })
    await expect(operations.mutate(project, async () => {})).rejects.toMatchObject(refused)
    await operations.settled()
    await operations.mutate(project, async () => {})
    operations.schedule(project, [{ action: 'start_compute' }], { conflicts: false })
    await operations.mutate(project, async () => {})
    await operations.settled()
  })
})

test('a fault is for the calls that it names, as often as it says, the oldest first', () => {
  const { faults } = setup()
  const first: CallFault = { tooMany: { retryAfter: 3 } }
  faults.next({ call: 'getProject', times: 2, fault: 'locked' })
  faults.next({ fault: first })
  expect(faults.takeCallFault('listProjects')).toBe(first)
  expect(faults.takeCallFault('listProjects')).toBeUndefined()
  expect([1, 2, 3].map(() => faults.takeCallFault('getProject'))).toEqual(['locked', 'locked', undefined])
  faults.next({ fault: 'hang' })
  faults.clear()
  expect(faults.takeCallFault('getProject')).toBeUndefined()
})
