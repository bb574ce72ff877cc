import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { mkdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createApiClient } from '@neondatabase/api-client'
import { beforeEach, expect, inject, onTestFinished, test } from 'vitest'
import { withClient } from '../../../src/postgres/connect.ts'
import { type CliResult, runCli } from '../../cli/run-cli.ts'
import { makeTestDirectory } from '../test-directory.ts'
import { superuser } from '../test-server.ts'
import { needsEmulator } from './test-emulator.ts'

beforeEach(needsEmulator)

/** Of databases and roles: what its projects would leave. */
async function leftOf(projectId: string): Promise<readonly string[]> {
  const { rows } = await withClient(superuser(), { applicationName: 'test' }, (client) =>
    client.query<{ name: string }>(
      `select datname as name from pg_database where starts_with(datname, $1)
       union all select rolname from pg_roles where starts_with(rolname, $1)`,
      [projectId],
    ),
  )
  return rows.map((it) => it.name)
}

/** Uses what the program said of fleet.config.ts, as it stands there. */
async function doctor(said: string): Promise<CliResult> {
  const cwd = await makeTestDirectory()
  onTestFinished(() => rm(cwd, { recursive: true, force: true }))
  await mkdir(join(cwd, 'migrations'))
  await writeFile(join(cwd, 'fleet.config.ts'), /^ *import [\s\S]*?\n *}\)\n/m.exec(said)?.[0] ?? '')
  return runCli(['doctor'], { cwd, env: { FLEET_SECRET_KEY: randomBytes(32).toString('base64') } })
}

test('the program says where it listens, serves, and leaves nothing when it is told to end', async () => {
  const program = spawn(process.execPath, [join(import.meta.dirname, 'main.ts')], {
    env: { ...process.env, NEON_EMULATOR_SERVER: inject('superuserUrl') },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const ended = once(program, 'exit')
  try {
    let said = ''
    for await (const chunk of program.stdout.setEncoding('utf8')) {
      said += chunk
      if (said.includes('Ctrl+C')) break
    }
    const baseURL = /listens at (\S+)/.exec(said)?.[1] ?? ''
    const apiKey = /API key: (\S+)/.exec(said)?.[1] ?? ''
    expect(await doctor(said)).toMatchObject({ code: 0, stdout: expect.stringContaining('Neon: The key works') })
    const [, fault = '', faults = ''] = /curl -d '(.+)' (\S+)/.exec(said) ?? []
    expect(await fetch(faults, { method: 'POST', body: fault })).toMatchObject({ status: 204 })
    const client = createApiClient({ apiKey, baseURL, timeout: 20_000 })
    const { data } = await client.createProject({ project: { name: 'a', pg_version: 18 } })
    await expect
      .poll(async () => (await client.listProjectOperations({ projectId: data.project.id })).data.operations, {
        timeout: 20_000,
      })
      .toSatisfy((operations: { status: string }[]) => operations.every((it) => it.status === 'finished'))
    expect(await leftOf(data.project.id)).not.toEqual([])
    program.kill('SIGTERM')
    expect(await ended).toEqual([0, null])
    expect(await leftOf(data.project.id)).toEqual([])
  } finally {
    program.kill('SIGKILL')
  }
})
