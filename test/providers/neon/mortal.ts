import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect } from 'vitest'
import type { Failpoint } from '../../../src/lib/failpoint.ts'
import { runFleet, startFleet } from '../../support/fleet-process.ts'
import { startDeadlyProxy } from './deadly-proxy.ts'
import type { NeonFleet } from './neon-fleet.ts'

/** Where a process is killed: at a place of the program, or when a call was done whose answer it does not get. */
export type Killer = Failpoint | RegExp

/** A fleet at Neon whose program can be killed. */
export interface Mortal extends NeonFleet {
  /** Runs the program and asserts that it is killed. */
  killed(killer: Killer, args: readonly string[]): Promise<void>
}

export async function mortal(setup: () => Promise<NeonFleet>): Promise<Mortal> {
  const test = await setup()
  const { root, env, emulator } = test
  const proxy = await startDeadlyProxy(emulator.baseUrl)
  const config = await readFile(join(root, 'fleet.config.ts'), 'utf8')
  await writeFile(join(root, 'mortal.config.ts'), config.replaceAll(emulator.baseUrl, proxy.baseUrl))
  const all = ['--config', 'mortal.config.ts']
  return {
    ...test,
    async killed(killer, args) {
      if (typeof killer === 'string') {
        const { code, output } = await runFleet([...args, ...all], { root, env: { ...env, FLEET_FAILPOINT: killer } })
        expect(code, `${killer}: ${output}`).toBe('SIGKILL')
      } else {
        const process = startFleet([...args, ...all], { root, env })
        proxy.next(killer, () => process.child.kill('SIGKILL'))
        expect(await process.ended, `${killer}: ${process.output()}`).toBe('SIGKILL')
      }
      await emulator.settled()
    },
  }
}
