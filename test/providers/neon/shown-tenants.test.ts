import { beforeEach, expect, test } from 'vitest'
import { runFleet } from '../../support/fleet-process.ts'
import { needsEmulator } from '../../support/neon-emulator/test-emulator.ts'
import { setupNeonFleet } from './neon-fleet.ts'

beforeEach(needsEmulator)

test('the pooler of a tenant is asked for once, and what the provider alone reads of a tenant is never shown', async () => {
  const { fleet, emulator, root, env } = await setupNeonFleet()
  const [created] = await Array.fromAsync(fleet.tenants.create([{ id: 'a' }]))
  emulator.calls.reset()
  const pooled = await fleet.tenants.url('a', { pooled: true })
  expect(await fleet.tenants.url('a', { pooled: true })).toBe(pooled)
  expect(pooled).not.toBe(await fleet.tenants.url('a'))
  expect(emulator.calls.total).toBe(1)

  const shown = await fleet.tenants.show('a')
  expect(shown.placement).toMatchObject({ server: 'neon', pooler: { port: Number(new URL(pooled).port) } })
  const [listed] = await Array.fromAsync(fleet.tenants.list())
  for (const tenant of [created, shown, listed]) expect(tenant?.placement).not.toHaveProperty('own')
  for (const args of [['show', 'a'], ['list']]) {
    const { code, output } = await runFleet(['tenant', ...args, '--output', 'json'], { root, env })
    expect(code, output).toBe(0)
    expect(output).toContain('"loginRole"')
    expect(output).not.toMatch(/"own"|"sealed"/)
  }
})

test('who deletes a tenant is told until when its data can be recovered', async () => {
  const { fleet, create, root, env } = await setupNeonFleet()
  await create(['a', 'b'])
  const week = 7 * 24 * 3_600_000
  const [deleted] = await fleet.tenants.delete(['a'])
  expect(deleted?.recoverableUntil?.getTime()).toBeGreaterThan(Date.now() + week - 3_600_000)
  expect(deleted?.recoverableUntil?.getTime()).toBeLessThanOrEqual(Date.now() + week)
  const { output } = await runFleet(['tenant', 'delete', 'b', '--yes'], { root, env })
  expect(output).toMatch(/1 tenant deleted\.\n The provider can recover what was in them until \S+/)
})

test('that there are no templates is said before migrations are read', async () => {
  const { fleet, migration } = await setupNeonFleet()
  await migration('0003_broken', 'this is no TypeScript')
  await expect(fleet.templates.build()).rejects.toMatchObject({ code: 'TEMPLATE_MISSING' })
})
