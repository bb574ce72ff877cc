import { describe, expect, test } from 'vitest'
import { Secret } from '../../../src/model/secret.ts'
import { createNeonApi } from '../../../src/providers/neon/create-neon-api.ts'
import type { NeonApi } from '../../../src/providers/neon/neon-api.ts'
import { type Answer, type Got, startHttpServer } from './http-server.ts'
import { createVirtualClock } from './virtual-clock.ts'

const LOCKED: Answer = {
  status: 423,
  body: { code: '', message: 'project already has running conflicting operations' },
}
const TOO_MANY: Answer = { status: 429, body: { code: '', message: 'too many requests' } }
const UNAVAILABLE: Answer = { status: 503, body: { code: '', message: 'unavailable' } }
const PAGE: Answer = { status: 524, body: '<html>A timeout occurred</html>' }
const NOT_READY: Answer = { status: 422, body: { code: '', message: 'branch not ready yet' } }
const GONE: Answer = { status: 404, body: { code: '', message: 'branch not found' } }
/** Those of the configuration. */
const LIMITS = { requestsPerMinute: 600, requestsPerSecond: 30 }
const DONE: Answer = { body: { operations: [] } }

const operation = (status: string) => ({
  id: 'o-1',
  project_id: 'p',
  action: 'apply_config',
  status,
  failures_count: 0,
})
const endpoint = { id: 'ep-1', branch_id: 'br-1', host: 'h', type: 'read_write', current_state: 'idle' }

/** Opens the API on a server that gives these answers in turn, and `operations` to who asks for those. */
async function apiWith(answers: Answer[], operations: string[] = []) {
  const clock = createVirtualClock()
  const isList = (got: Got) => got.method === 'GET' && got.url.pathname.endsWith('/operations')
  const { baseUrl, got } = await startHttpServer((it) => {
    if (!isList(it)) return answers.shift() ?? { status: 500, body: { code: '', message: 'no answer is left' } }
    const status = operations.shift()
    return { body: { operations: status === undefined ? [] : [operation(status)] } }
  })
  const begin = clock.now().getTime()
  return {
    api: createNeonApi({ apiKey: new Secret('k'), baseUrl, clock, ...LIMITS, random: () => 0.5 }),
    /** Method of each request, `list` for one that asks for operations. */
    asked: () => got.map((it) => (isList(it) ? 'list' : it.method)),
    got,
    clock,
    passed: () => clock.now().getTime() - begin,
  }
}

const remove = (api: NeonApi) => api.deleteBranch('p', 'br-1')
const look = (api: NeonApi) => api.listEndpoints('p', 'br-1')
const FOUND: Answer = { body: { endpoints: [endpoint] } }

describe('a mutation', () => {
  test('that is locked out waits for the operations of the project and is repeated', async () => {
    const it = await apiWith([LOCKED, LOCKED, DONE], ['running', 'scheduling', 'finished', 'failed'])
    await expect(remove(it.api)).resolves.toEqual({ operations: [] })
    expect(it.asked()).toEqual(['DELETE', 'list', 'list', 'list', 'DELETE', 'list', 'DELETE'])
  })

  test('that stays locked out is refused after 120 s', async () => {
    const it = await apiWith(Array(500).fill(LOCKED), [])
    await expect(remove(it.api)).rejects.toMatchObject({ kind: 'locked', projectId: 'p' })
    expect(it.passed()).toBe(120_000)
  })

  test('is tried a last time when the operations have not ended in 120 s', async () => {
    const it = await apiWith([LOCKED, DONE], Array(500).fill('running'))
    await expect(remove(it.api)).resolves.toEqual({ operations: [] })
    expect(it.passed()).toBe(120_000)
  })

  test('that comes before its branch is ready is repeated', async () => {
    const it = await apiWith([NOT_READY, NOT_READY, DONE])
    await remove(it.api)
    expect(it.asked()).toEqual(['DELETE', 'DELETE', 'DELETE'])
  })

  test('that is not served is repeated, five times at most', async () => {
    const served = await apiWith([...Array(5).fill(UNAVAILABLE), DONE])
    await remove(served.api)
    const not = await apiWith(Array(7).fill(UNAVAILABLE))
    await expect(remove(not.api)).rejects.toMatchObject({ kind: 'unavailable', status: 503 })
    expect(not.got).toHaveLength(6)
  })

  test('whose answer is lost is not repeated, unless it deletes what its id names', async () => {
    const it = await apiWith([PAGE, PAGE, DONE])
    await expect(it.api.createEndpoint('p', 'br-1')).rejects.toMatchObject({ kind: 'lost', status: 524 })
    expect(it.got).toHaveLength(1)
    await expect(remove(it.api)).resolves.toEqual({ operations: [] })
    expect(it.asked()).toEqual(['POST', 'DELETE', 'DELETE'])
  })

  test('that deletes what is gone has done its work', async () => {
    const { api } = await apiWith([GONE, { status: 204 }, GONE, GONE])
    expect([await remove(api), await remove(api), await api.deleteEndpoint('p', 'ep-1')]).toEqual(
      Array(3).fill({ operations: [] }),
    )
    await expect(api.deleteProject('p')).resolves.toBeUndefined()
  })
})

describe('a question', () => {
  test('that is not answered in time is asked again, a mutation that makes something is not', async () => {
    const { baseUrl, got } = await startHttpServer(({ method }) =>
      method === 'GET' && got.length > 1 ? FOUND : undefined,
    )
    const clock = createVirtualClock()
    const api = createNeonApi({ apiKey: new Secret('k'), baseUrl, clock, ...LIMITS, timeouts: { usual: 50, long: 50 } })
    expect(await look(api)).toHaveLength(1)
    const made = api.createBranch('p', { parentId: 'br-1', name: 'fleet/rp/p1' })
    await expect(made).rejects.toMatchObject({ kind: 'lost', code: 'ETIMEDOUT' })
    expect(got.slice(0, 2).map(({ method }) => method)).toEqual(['GET', 'GET'])
    expect(got.filter(({ method }) => method === 'POST')).toHaveLength(1)
  })

  test('whose answer is lost is repeated, with an id of its own each time', async () => {
    const it = await apiWith([PAGE, PAGE, FOUND])
    expect(await look(it.api)).toHaveLength(1)
    expect(new Set(it.got.map(({ headers }) => headers['x-request-id'])).size).toBe(3)
  })

  test('for a branch that is gone, or cannot be seen yet, has no answer', async () => {
    const { api } = await apiWith([GONE])
    await expect(api.getBranch('p', 'br-1')).resolves.toBeUndefined()
  })

  test('in a project where something was made a moment ago is asked again for 10 s', async () => {
    const it = await apiWith([
      { status: 201, body: { endpoint, operations: [] } },
      GONE,
      GONE,
      FOUND,
      ...Array(50).fill(GONE),
    ])
    await it.api.createEndpoint('p', 'br-1')
    expect(await look(it.api)).toHaveLength(1)
    expect(it.asked()).toEqual(['POST', 'GET', 'GET', 'GET'])
    await expect(it.api.getBranch('p', 'br-1')).resolves.toBeUndefined()
    expect(it.passed()).toBe(10_000)
    // From then on it is not there.
    const asked = it.got.length
    await expect(it.api.getBranch('p', 'br-1')).resolves.toBeUndefined()
    expect(it.got).toHaveLength(asked + 1)
  })
})

test('what is made in a project is waited for though the project itself is older, whatever a list says of it', async () => {
  const made = { status: 201, body: { endpoint, operations: [] } }
  const listed = { body: { projects: [] as object[] } }
  const it = await apiWith([made, listed, GONE, FOUND])
  listed.body.projects.push({ id: 'p', name: 'n', created_at: it.clock.now().toISOString() })
  await it.clock.sleep(8_000)
  await it.api.createEndpoint('p', 'br-1')
  await Array.fromAsync(it.api.listProjects({}))
  await it.clock.sleep(5_000)
  expect(await look(it.api)).toHaveLength(1)
})

test('what this process has deleted is gone, though something was made there a moment ago', async () => {
  const made = { status: 201, body: { endpoint, operations: [] } }
  const it = await apiWith([made, DONE, GONE, DONE, GONE])
  await it.api.createEndpoint('p', 'br-1')
  await remove(it.api)
  expect(await it.api.getBranch('p', 'br-1')).toBeUndefined()
  await it.api.deleteProject('p')
  await expect(look(it.api)).rejects.toMatchObject({ kind: 'gone' })
  expect(it.got).toHaveLength(5)
})

test('what is made by an operation is waited for from when that has ended', async () => {
  const last = { status: 200, body: { operation: operation('finished') } }
  const it = await apiWith([{ status: 201, body: { endpoint, operations: [] } }, last, GONE, FOUND])
  await it.api.createEndpoint('p', 'br-1')
  await it.clock.sleep(9_900)
  await it.api.getOperation('p', 'o-1')
  await it.clock.sleep(9_000)
  expect(await look(it.api)).toHaveLength(1)
})

describe('too many requests', () => {
  test('cost no try, and the rate goes down', async () => {
    const it = await apiWith([...Array(12).fill(TOO_MANY), FOUND])
    expect(await look(it.api)).toHaveLength(1)
    expect(it.got).toHaveLength(13)
  })

  test.each<[string, Record<string, string>]>([
    ['in seconds', { 'retry-after': '90' }],
    [
      'as a date, by the clock of who answers',
      { 'retry-after': 'Thu, 01 Jan 2026 00:01:30 GMT', date: 'Thu, 01 Jan 2026 00:00:00 GMT' },
    ],
  ])('hold everything for as long as Neon says, %s', async (_, headers) => {
    const it = await apiWith([{ ...TOO_MANY, headers }, FOUND])
    await look(it.api)
    expect(it.passed()).toBe(90_000)
  })

  test('for ten minutes are an error', async () => {
    const it = await apiWith(Array(500).fill(TOO_MANY))
    await expect(look(it.api)).rejects.toMatchObject({ kind: 'rate-limited' })
    expect(it.passed()).toBeGreaterThan(9 * 60_000)
    expect(it.passed()).toBeLessThanOrEqual(10 * 60_000)
  })
})

test('two that use one key stay below the limit together', async () => {
  const clock = createVirtualClock()
  const { baseUrl } = await startHttpServer(() => FOUND)
  const open = () =>
    createNeonApi({ apiKey: new Secret('k'), baseUrl, clock, requestsPerMinute: 600, requestsPerSecond: 5 })
  const begin = clock.now().getTime()
  const apis = [open(), open()]
  await Promise.all(Array.from({ length: 11 }, (_, index) => look(apis[index % 2] as NeonApi)))
  expect(clock.now().getTime() - begin).toBe(2_002)
})
