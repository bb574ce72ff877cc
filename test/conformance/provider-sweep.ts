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
    const { provider, template, tenant, mark, server, fleet: name } = fleet()
    const ref = await template()
    const placement = await tenant(ref, 'one')
    const found = await marked()
    expect(found).toEqual(
      expect.arrayContaining([
        { server, name: ref.database, databaseId: expect.any(String), mark: mark('template', 'k1') },
        { server, name: placement.database, databaseId: placement.databaseId, mark: mark('tenant', 'one') },
      ]),
    )
    expect(found).toHaveLength(2)
    for await (const page of provider.findMarked({ fleet: name, catalogId: 'another' })) expect(page).toEqual([])
    for await (const page of provider.findMarked({ fleet: `${name}x`, catalogId: `catalog-${name}` }))
      expect(page).toEqual([])
    expect(await provider.databaseSize(server, placement.database)).toBeGreaterThan(1_000_000)
    expect(await provider.databaseSize(server, `${placement.database}x`)).toBeNull()
    const there = await provider.lookUpDatabases(server, [placement.database, `${placement.database}x`])
    expect([...there]).toEqual([[placement.database, placement.databaseId]])
  })

  test('removes what was found with its login role, and a login role alone; again, there is nothing to remove', async () => {
    const { provider, template, tenant, asSuperuser, whatIsLeft } = fleet()
    const ref = await template()
    const placement = await tenant(ref, 'one')
    const found = await one('one')
    expect(await provider.removeMarked(found, async () => true)).toBe(true)
    expect(await whatIsLeft()).toEqual([ref.database])
    expect(await provider.removeMarked(found, async () => true)).toBe(false)
    await tenant(ref, 'two')
    const { name } = await one('two')
    await asSuperuser(`drop database "${name}"`)
    const role = await one('two')
    expect(role).toMatchObject({ name, databaseId: null })
    expect(await provider.removeMarked(role, async () => true)).toBe(true)
    expect(await whatIsLeft()).toEqual([ref.database])
    expect(placement.database).not.toBe(name)
  })

  test('leaves what has an owner by now, and what is another one by now', async () => {
    const { provider, template, tenant, mark, asSuperuser, whatIsLeft } = fleet()
    const ref = await template()
    await tenant(ref, 'one')
    const found = await one('one')
    const before = await whatIsLeft()
    expect(await provider.removeMarked(found, async () => false)).toBe(false)
    expect(await provider.removeMarked({ ...found, databaseId: null }, async () => true)).toBe(false)
    const stranger = { ...found, mark: mark('tenant', 'two') }
    expect(await provider.removeMarked(stranger, async () => true)).toBe(false)
    await asSuperuser(`drop database "${found.name}"`)
    await tenant(ref, 'one')
    expect(await provider.removeMarked(found, async () => true)).toBe(false)
    expect(await whatIsLeft()).toEqual(before)
  })
}
