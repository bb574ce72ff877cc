import { beforeEach, expect, test } from 'vitest'
import { withClient } from '../../../src/postgres/connect.ts'
import { parseConnectionString } from '../../../src/postgres/connection-string.ts'
import { answerOf } from './api-answer.ts'
import { needsEmulator, startTestEmulator } from './test-emulator.ts'

beforeEach(needsEmulator)

/** As somebody with curl. */
async function setup() {
  const emulator = await startTestEmulator()
  const url = new URL('/faults', emulator.baseUrl)
  const send = async (method: string, body?: string) => {
    const answer = await fetch(url, { method, ...(body !== undefined && { body }) })
    const text = await answer.text()
    return { status: answer.status, ...(text !== '' && JSON.parse(text)) }
  }
  return {
    ...emulator,
    send,
    fault: async (it: object) => expect(await send('POST', JSON.stringify(it))).toEqual({ status: 204 }),
    list: () => {
      const listed = emulator.client.listProjects({})
      return listed.then(
        ({ status }) => ({ status }),
        () => answerOf(listed),
      )
    },
  }
}

test('calls go wrong as they were told to from outside, until that is cleared', async () => {
  const { fault, list, send, client } = await setup()
  await fault({ fault: 'locked', call: 'listProjects', times: 2 })
  expect([await list(), await list(), await list()]).toMatchObject([{ status: 423 }, { status: 423 }, { status: 200 }])
  await fault({ fault: 'tooMany' })
  expect(await list()).toMatchObject({ status: 429, retryAfter: undefined })
  await fault({ fault: 'tooMany', retryAfter: 7 })
  expect(await list()).toMatchObject({ status: 429, retryAfter: '7' })
  for (const [name, status] of [
    ['unavailable', 503],
    ['cloudflare', 524],
    ['loseRequest', undefined],
  ]) {
    await fault({ fault: name })
    expect(await list()).toMatchObject({ status })
  }
  await fault({ fault: 'loseResponse', call: 'createProject' })
  expect(await answerOf(client.createProject({ project: { name: 'a', pg_version: 18 } }))).toMatchObject({
    status: undefined,
  })
  expect((await client.listProjects({})).data.projects).toMatchObject([{ name: 'a' }])
  await fault({ fault: 'unavailable', times: 100 })
  expect(await send('DELETE')).toEqual({ status: 204 })
  expect(await list()).toMatchObject({ status: 200 })
})

test('operations fail or take long, computes refuse, and time passes', async () => {
  const { fault, send, client, createProject, settled, clock } = await setup()
  const { id, branchId, endpointId, uri } = await createProject('a')
  await fault({ fault: 'failOperation', action: 'create_branch', how: 'stays' })
  await fault({ fault: 'slowOperation', ms: 1 })
  await client.createProjectBranch(id, { branch: { parent_id: branchId } })
  await settled(id)
  const { operations } = (await client.listProjectOperations({ projectId: id })).data
  expect(operations.filter((it) => it.status === 'error')).toMatchObject([{ action: 'create_branch' }])
  const connect = () =>
    withClient(parseConnectionString(uri), { applicationName: 'test' }, (it) => it.query('select 1 as one'))
  await fault({ fault: 'refuse', text: 'The endpoint is disabled.', endpointId })
  await expect(connect()).rejects.toMatchObject({ code: 'XX000' })
  expect(await send('DELETE')).toEqual({ status: 204 })
  expect((await connect()).rows).toEqual([{ one: 1 }])
  const before = clock.now().getTime()
  await fault({ fault: 'advanceClock', ms: 3_600_000 })
  expect(clock.now().getTime() - before).toBeGreaterThanOrEqual(3_600_000)
})

test.each([
  ['fault=locked', /no JSON, e\.g\. \{"fault"/],
  ['{"fault":"flood"}', /locked.*fault/s],
  ['{"fault":"locked","time":3}', /Unrecognized key: "time"/],
  ['{"fault":"locked","times":0}', /times/],
  ['{"fault":"locked","call":"makeProject"}', /has no such method; e\.g\. "createProjectBranch"[\s\S]*call/],
  ['{"fault":"failOperation","how":"badly"}', /recovers[\s\S]*how/],
  ['{"fault":"slowOperation","ms":5,"action":"make_branch"}', /create_branch[\s\S]*action/],
])('%s is refused with a reason, and switches nothing on', async (body, reason) => {
  const { send, list } = await setup()
  expect(await send('POST', body)).toEqual({ status: 400, message: expect.stringMatching(reason) })
  expect(await list()).toMatchObject({ status: 200 })
})

test('what neither sets nor clears says how it is done', async () => {
  const { send } = await setup()
  expect(await send('GET')).toEqual({ status: 400, message: expect.stringMatching(/POST .* DELETE .* not GET/) })
})
