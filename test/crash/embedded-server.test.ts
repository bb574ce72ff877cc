import { expect, test } from 'vitest'
import { ask, setup } from '../providers/embedded/setup.ts'

test('a user that was killed is not counted, and the next one takes its server over', async () => {
  const project = await setup()
  const killed = await project.startProcess()
  await killed.kill()
  expect(await project.isAlive()).toBe(true)
  const next = await project.use()
  expect(next).toMatchObject({ started: false, admin: { port: killed.port } })
  await next.release()
  expect(await project.isAlive()).toBe(false)
})

test('a user that was killed does not keep the last one from stopping the server', async () => {
  const project = await setup()
  const [killed, last] = [await project.startProcess(), await project.startProcess()]
  await killed.kill()
  await last.release()
  expect(await project.isAlive()).toBe(false)
})

test('a server whose postmaster was killed is started again, for those too who used it', async () => {
  const project = await setup()
  const first = await project.use()
  await ask(first, 'create table kept as select 7 as n')
  process.kill(await project.postmaster(), 'SIGKILL')
  const second = await project.use()
  expect(second).toMatchObject({ started: true, admin: { port: first.admin.port } })
  expect(await ask(first, 'select n from kept')).toEqual({ n: 7 })
  await first.release()
  expect(await project.isAlive()).toBe(true)
  await second.release()
  expect(await project.isAlive()).toBe(false)
})

test('a process id that somebody else has by now does not keep the server from starting', async () => {
  const project = await setup()
  const first = await project.use()
  const postmaster = await project.postmaster()
  process.kill(postmaster, 'SIGKILL')
  await project.dead()
  await project.rewritePostmasterPid(process.pid)
  const second = await project.use()
  expect(second.started).toBe(true)
  await second.release()
  await first.release()
  expect(await project.isAlive()).toBe(false)
})

test('processes killed at any moment of the start leave nothing that the next one cannot use', async () => {
  const project = await setup()
  for (const after of [0, 100, 200, 300, 400, 500, 600, 700, 800]) await project.startAndKill(after)
  const server = await project.use()
  expect(await ask(server, 'select 1 as one')).toEqual({ one: 1 })
  await server.release()
  expect(await project.isAlive()).toBe(false)
})
