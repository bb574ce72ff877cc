import { beforeEach, expect, test } from 'vitest'
import { diagnoseFleet, openFleet } from '../../../src/fleet/open-fleet.ts'
import type { SweepFinding } from '../../../src/model/sweep.ts'
import { needsEmulator } from '../../support/neon-emulator/test-emulator.ts'
import { setupNeonFleet } from './neon-fleet.ts'

beforeEach(needsEmulator)

const PLACEMENTS = ['project-per-tenant', 'branch-per-tenant'] as const

/** A fleet, and its configuration with the other placement. */
async function setup(placement: (typeof PLACEMENTS)[number]) {
  const made = await setupNeonFleet({}, {}, { placement })
  const other = PLACEMENTS.find((it) => it !== placement)
  return { ...made, config: made.config({ placement: other }) }
}

test.each(PLACEMENTS)(
  'a fleet whose tenants were made with %s is not opened with the other placement',
  async (placement) => {
    const { create, config, fleet } = await setup(placement)
    await create(['a'])
    await fleet.tenants.delete(['a'])
    await (await openFleet(config)).close()
    await create(['b'])
    const refusal = {
      code: 'CONFIG_INVALID',
      message: expect.stringContaining('provider.placement'),
      remedy: expect.stringContaining(`'${placement}'`),
    }
    await expect(openFleet(config)).rejects.toMatchObject(refusal)
    expect(await diagnoseFleet(config)).toContainEqual({
      subject: 'configuration',
      verdict: 'error',
      message: refusal.message,
      remedy: refusal.remedy,
    })
  },
)

test.each(PLACEMENTS)(
  'who has opened it with the other placement before has no tenant made with %s taken for gone',
  async (placement) => {
    const { create, config, emulator, inCatalog } = await setup(placement)
    const early = await openFleet(config)
    try {
      await create(['a'])
      const before = (await emulator.client.listProjects({})).data.projects.map(({ id }) => id)
      const refused = { code: 'CONFIG_INVALID', message: expect.stringContaining('provider.placement') }
      await expect(Array.fromAsync(early.sweep({ remove: true }))).rejects.toMatchObject(refused)
      await expect(Array.fromAsync(early.tenants.create([{ id: 'b' }]))).rejects.toMatchObject(refused)
      await expect(early.restorePoints.create('a')).rejects.toMatchObject(refused)
      await expect(early.tenants.delete(['a'])).rejects.toMatchObject(refused)
      expect(await early.tenants.show('a')).toMatchObject({ state: 'ready' })
      const { rows } = await inCatalog((client) => client.query('select id, state from fleet.tenant'))
      expect(rows).toEqual([{ id: 'a', state: 'ready' }])
      expect((await emulator.client.listProjects({})).data.projects.map(({ id }) => id)).toEqual(before)
    } finally {
      await early.close()
    }
  },
)

test('a template of a fleet that has changed to projects before its first tenant stays recorded', async () => {
  const { fleet, config, inCatalog } = await setup('branch-per-tenant')
  await fleet.templates.build()
  await inCatalog((client) => client.query(`update fleet.template set created_at = now() - interval '1 hour'`))
  const changed = await openFleet(config)
  try {
    const found: SweepFinding[] = await Array.fromAsync(changed.sweep({ remove: true }))
    expect(found).toEqual([])
    expect(await changed.templates.show()).toHaveLength(1)
  } finally {
    await changed.close()
  }
})
