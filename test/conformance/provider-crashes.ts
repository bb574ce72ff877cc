import { expect, test } from 'vitest'
import type { TestFleet } from './provider-setup.ts'

/** What a process that died leaves behind, made by hand. */
export function crashTests(fleet: () => TestFleet): void {
  const planned = () => {
    const { provider, server, mark } = fleet()
    return provider.plannedPlacement(server, mark('tenant', 'one'))
  }

  test('goes on with what a creation left at any point', async () => {
    const { provider, template, tenant, application, inside, mark, underTest, whatIsLeft } = fleet()
    const model = await template()
    for (const die of underTest.diesCreating(planned(), mark('tenant', 'one'), model.ref)) {
      await die()
      const placement = await tenant(model, 'one')
      expect(await inside(application(placement), 'select count(*)::int from note')).toEqual([{ count: 0 }])
      await provider.deleteDatabase(placement, mark('tenant', 'one'))
      expect(await whatIsLeft()).toEqual(model.left)
    }
  })

  test('deletes what a creation left at any point, by where it was planned to be', async () => {
    const { provider, template, mark, underTest, whatIsLeft } = fleet()
    const model = await template()
    for (const die of underTest.diesCreating(planned(), mark('tenant', 'one'), model.ref)) {
      await die()
      expect(await whatIsLeft()).not.toEqual(model.left)
      await provider.deleteDatabase(planned(), mark('tenant', 'one'))
      expect(await whatIsLeft()).toEqual(model.left)
    }
  })

  test('finishes a deletion that died halfway', async () => {
    const { provider, template, tenant, mark, underTest, whatIsLeft } = fleet()
    const model = await template()
    const placement = await tenant(model, 'one')
    await underTest.diesDeleting(placement)
    await provider.deleteDatabase(placement, mark('tenant', 'one'))
    expect(await whatIsLeft()).toEqual(model.left)
  })
}
