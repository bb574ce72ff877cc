import { expect, test } from 'vitest'
import type { MarkedName } from '../../src/providers/provider.ts'
import type { TestFleet } from './provider-setup.ts'

/** What a sweep asks of every provider. */
export function sweepTests(fleet: () => TestFleet): void {
  async function marked(): Promise<readonly MarkedName[]> {
    const { provider, mark } = fleet()
    const pages: MarkedName[] = []
    for await (const page of provider.findMarked(mark('tenant', 'any'))) pages.push(...page)
    return pages
  }

  const one = async (key: string) => {
    const found = (await marked()).find((it) => it.mark.key === key)
    if (found === undefined) throw new Error(`Nothing carries the mark of ${key}.`)
    return found
  }

  test('finds what carries a mark of this fleet and catalog, and its size', async () => {
    const { provider, template, tenant, mark, server, fleet: name, underTest } = fleet()
    const model = await template()
    const { ref } = model
    const placement = await tenant(model, 'one')
    const found = await marked()
    // Where databases cannot be adopted by their names, it says what can be done instead.
    const remedy = underTest.traits.findsDatabases ? {} : { remedy: expect.any(String) }
    const templates =
      ref === null ? [] : [{ server, name: ref.database, databaseId: expect.any(String), mark: mark('template', 'k1') }]
    expect(found).toEqual(
      expect.arrayContaining([
        ...templates,
        { server, name: placement.database, databaseId: placement.databaseId, mark: mark('tenant', 'one'), ...remedy },
      ]),
    )
    expect(found).toHaveLength(templates.length + 1)
    for await (const page of provider.findMarked({ fleet: name, catalogId: 'another' })) expect(page).toEqual([])
    for await (const page of provider.findMarked({ fleet: `${name}x`, catalogId: `catalog-${name}` }))
      expect(page).toEqual([])
    const size = await provider.databaseSize(server, placement.database)
    if (underTest.traits.knowsSizes) expect(size).toBeGreaterThan(1_000_000)
    else expect(size).toBeNull()
    expect(await provider.databaseSize(server, `${placement.database}x`)).toBeNull()
    const there = await provider.lookUpDatabases(server, [placement.database, `${placement.database}x`])
    expect([...there]).toEqual([[placement.database, placement.databaseId]])
  })

  test('removes what was found with its login role; again, there is nothing to remove', async () => {
    const { provider, template, tenant, whatIsLeft } = fleet()
    const model = await template()
    await tenant(model, 'one')
    const found = await one('one')
    expect(await provider.removeMarked(found, async () => true)).toBe(true)
    expect(await whatIsLeft()).toEqual(model.left)
    expect(await provider.removeMarked(found, async () => true)).toBe(false)
  })

  test('leaves what has an owner by now, and what is another one by now', async () => {
    const { provider, template, tenant, mark, underTest, whatIsLeft } = fleet()
    const model = await template()
    const placement = await tenant(model, 'one')
    const found = await one('one')
    const before = await whatIsLeft()
    expect(await provider.removeMarked(found, async () => false)).toBe(false)
    expect(await provider.removeMarked({ ...found, databaseId: null }, async () => true)).toBe(false)
    const stranger = { ...found, mark: mark('tenant', 'two') }
    expect(await provider.removeMarked(stranger, async () => true)).toBe(false)
    await underTest.diesDeleting(placement)
    await tenant(model, 'one')
    expect(await provider.removeMarked(found, async () => true)).toBe(false)
    expect(await whatIsLeft()).toEqual(before)
  })
}
