import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test, vi } from 'vitest'
import { FIRST, SECOND, setupFleet, type TestFleet } from '../support/fleet.ts'
import { type RunOptions, runCli } from './run-cli.ts'

// Each command is a process of its own.
vi.setConfig({ testTimeout: 180_000 })

const WAVES = [{ name: 'canary', match: { ring: 'internal' }, optional: true }, { name: 'everyone' }]
const THIRD = '0003_last_name'

async function setup() {
  const it = await setupFleet({ rollout: { waves: WAVES } })
  const fleet = (line: string, options: Partial<RunOptions> = {}) =>
    runCli(line.split(' '), { cwd: it.root, env: env(it), ...options })
  const json = async (line: string) => {
    const { stdout } = await fleet(`${line} --output json`)
    return JSON.parse(stdout)
  }
  return { ...it, cli: fleet, json }
}

function env({ env }: TestFleet): Record<string, string> {
  return Object.fromEntries(
    Object.entries(env).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])),
  )
}

test('a fleet is made, migrated and looked at with the commands that each prints', async () => {
  const { cli, json, migration } = await setup()
  expect(await cli('rollout start --yes')).toMatchObject({ code: 0, stderr: '' })
  expect(await cli('tenant create acme umbrella --tag ring=early')).toMatchObject({
    code: 0,
    stdout: expect.stringContaining(`✓ acme  at ${SECOND}`),
  })
  expect(await cli('tenant tag acme ring=internal plan=pro')).toMatchObject({ code: 0 })
  expect(await json('tenant list --tag ring=internal')).toEqual([
    expect.objectContaining({ id: 'acme', tags: { ring: 'internal', plan: 'pro' } }),
  ])
  expect((await cli('tenant url acme')).stdout).toMatch(/^postgres:\/\/\w+@[^:]+:\d+\/\w+(\?\S+)?\n$/)
  expect((await cli('tenant url acme --reveal')).stdout).toMatch(/^postgres:\/\/\w+:[^@]+@/)

  await migration(THIRD, 'await sql`alter table items add column last_name text`.execute(db)')
  expect(await cli(`check --at-least ${THIRD}`)).toMatchObject({
    code: 5,
    stdout: expect.stringContaining('no: 2 of 2 tenants lack'),
  })
  const plan = await cli('rollout plan')
  expect(plan.stdout).toMatch(/canary +1[\s\S]*everyone +1[\s\S]*fleet rollout start --digest [0-9a-f]{8}\n$/)
  expect(await cli('rollout start')).toMatchObject({ code: 2, stderr: expect.stringContaining('Add `--yes`.') })
  const digest = /--digest ([0-9a-f]{8})/.exec(plan.stdout)?.[1]
  const started = await cli(`rollout start --digest ${digest}`)
  expect(started.code).toBe(0)
  expect(started.stdout).toMatch(
    /canary: finished, 1 succeeded, 0 failed[\s\S]*everyone: finished[\s\S]*2 tenants are at 0003_last_name/,
  )
  expect(await cli(`check --at-least ${THIRD} --verify all`)).toMatchObject({ code: 0 })
  expect((await cli('status')).stdout).toMatch(/0003_last_name +█+ +2 +100\.0 %/)
  expect(await json('rollout show')).toHaveLength(2)
  expect(await cli('tenant delete acme')).toMatchObject({
    code: 2,
    stderr: expect.stringContaining('Delete 1 tenant for ever'),
  })
  expect(await cli('tenant delete acme --yes')).toMatchObject({ code: 0, stdout: ' 1 tenant deleted.\n' })
})

test('a rollout that stops on its failure budget says what to do, and doing it ends well', async () => {
  const { cli, create, inTenant, migration, fleet } = await setup()
  await fleet.rollouts.start()
  await create(['a', 'b'])
  for (const id of ['a', 'b']) await inTenant(id, (client) => client.query('insert into items values (1, null)'))
  await migration(THIRD, 'await sql`alter table items alter column price set not null`.execute(db)')

  const stopped = await cli('rollout start --yes')
  expect(stopped.code).toBe(3)
  expect(stopped.stdout).toMatch(
    /1 × 0003_last_name {2}23502[\s\S]*1 failed and kept[\s\S]*1 not started[\s\S]*fleet rollout retry r\d+ --failed && fleet rollout resume r\d+/,
  )
  expect(await cli('rollout show --failed')).toMatchObject({ code: 0, stdout: expect.stringContaining('23502') })
  for (const id of ['a', 'b']) await inTenant(id, (client) => client.query('update items set price = 0'))
  expect(await cli('rollout retry --failed')).toMatchObject({
    code: 0,
    stdout: expect.stringContaining('1 tenant will be tried again'),
  })
  expect(await cli('rollout resume')).toMatchObject({
    code: 0,
    stdout: expect.stringContaining('2 tenants are at 0003_last_name'),
  })
})

test('with --output json a rollout is one event per line, the last one rollout.finished', async () => {
  const { cli, create, fleet, migration } = await setup()
  await fleet.rollouts.start()
  await create(['a'])
  await migration(THIRD, 'await sql`select 1`.execute(db)')
  const lines = async (line: string) =>
    (await cli(line)).stdout
      .trim()
      .split('\n')
      .map((text) => JSON.parse(text).type)
  expect(await lines('rollout start --yes --output json')).toEqual(
    expect.arrayContaining([
      'rollout.started',
      'wave.started',
      'tenant.started',
      'tenant.succeeded',
      'wave.finished',
      'rollout.finished',
    ]),
  )
  expect((await lines('rollout start --yes --output json')).at(-1)).toBe('rollout.finished')
})

test('SIGTERM lets what is in flight finish and pauses; resume goes on', async () => {
  const { cli, create, fleet, histories, migration } = await setup()
  await fleet.rollouts.start()
  await create(['a', 'b', 'c'])
  await migration(THIRD, 'await sql`select pg_sleep(1)`.execute(db)')
  const interrupted = await cli('rollout start --yes --output json', {
    during: (child) => {
      child.stdout?.on('data', (chunk) => {
        if (String(chunk).includes('"tenant.started"')) child.kill('SIGTERM')
      })
    },
  })
  expect(interrupted).toMatchObject({ code: 130, stderr: expect.stringContaining('Finishing 1 in flight') })
  expect(interrupted.stdout.trim().split('\n').at(-1)).toMatch(/"rollout.finished".*"interrupted"/)
  expect(await cli('rollout resume')).toMatchObject({ code: 0 })
  expect(Object.values(await histories(['a', 'b', 'c']))).toEqual(
    Array.from({ length: 3 }, () => [FIRST, SECOND, THIRD]),
  )
})

test('an unknown tenant is answered with those that are close', async () => {
  const { cli, create, fleet } = await setup()
  await fleet.rollouts.start()
  await create(['acme'])
  expect(await cli('tenant show acmee')).toMatchObject({
    code: 2,
    stdout: '',
    stderr: expect.stringContaining('Close: acme'),
  })
})

test('an empty list says which tags and versions there are, and removing a tag of nobody says so', async () => {
  const { cli, create, fleet } = await setup()
  await fleet.rollouts.start()
  await create(['acme'])
  expect(await cli('tenant tag acme ring=early nope-')).toMatchObject({
    code: 0,
    stderr: expect.stringContaining('There was no tag "nope" to remove.'),
  })
  expect(await cli('tenant list --tag nope=1 --at-version bogus')).toMatchObject({
    code: 0,
    stderr: ` Tags in use: ring=early.\n Versions in use: ${SECOND}.\n`,
  })
})

test('a reader that goes away ends nothing with an error', async () => {
  const { cli, create, fleet } = await setup()
  await fleet.rollouts.start()
  await create(['a', 'b'])
  expect(
    await cli('tenant list', { during: (child) => child.stdout?.destroy() }).catch(() => 'closed'),
  ).not.toMatchObject({ code: 1 })
})

test('databases are offered in a file, and refused by reason without their passwords', async () => {
  const { cli, root } = await setup()
  const row = (id: string) => JSON.stringify({ id, url: `postgres://nobody:hunter2@127.0.0.1:1/${id}` })
  await writeFile(join(root, 'tenants.ndjson'), `${row('a')}\nhunter2\n${row('b')}\n`)
  const { code, stdout, stderr } = await cli('tenant adopt --from tenants.ndjson --dry-run')
  expect(stdout + stderr).not.toContain('hunter2')
  expect(code).toBe(5)
  expect(stdout).toMatch(
    /3 databases offered\.\n[\s\S]* +1 refused: it is not JSON: line 2\n[\s\S]*Nothing was changed\.\n$/,
  )
})
