import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { makeTestDirectory } from '../support/test-directory.ts'
import { runCli } from './run-cli.ts'

const MINUTE = 60_000

test('the demonstration tells its whole story, again, and again after kill -9 in the middle of the rollout', {
  timeout: 5 * MINUTE,
}, async () => {
  const cwd = await makeTestDirectory()
  onTestFinished(() => rm(cwd, { recursive: true, force: true }))
  const whole =
    /24: internal 2 · early 6 · all 16[\s\S]*0003_invoices → 0005_invoices_by_project[\s\S]*24 tenants are at 0005_invoices_by_project[\s\S]*piedpiper failed: 0006_short_titles[\s\S]*\d tenants? (is|are) as before r\d+[\s\S]*0005_invoices_by_project +\S+ +24 +100\.0 %[\s\S]*Try next, in fleet-demo\//

  expect(await runCli(['demo'], { cwd })).toMatchObject({ code: 0, stdout: expect.stringMatching(whole) })
  const killed = await runCli(['demo'], {
    cwd,
    during: (child) => {
      child.stdout?.on('data', (chunk) => {
        if (String(chunk).includes('early: started')) child.kill('SIGKILL')
      })
    },
  })
  expect(killed).toMatchObject({ code: null })
  const again = await runCli(['demo'], { cwd })
  expect(again).toMatchObject({ code: 0, stdout: expect.stringMatching(whole) })
  expect(await runCli(['status'], { cwd: join(cwd, 'fleet-demo') })).toMatchObject({
    code: 0,
    stdout: expect.stringContaining('demo: 24 tenants · embedded'),
  })
})
