import { expect, test } from 'vitest'
import type { TestFleet } from './provider-setup.ts'

export function templateTests(fleet: () => TestFleet): void {
  test('two providers that ask for a template at once build it once', async () => {
    const { provider, second, server, mark, inside } = fleet()
    let built = 0
    const ask = (it: typeof provider) =>
      it.ensureTemplate({ server, mark: mark('template', 'k1'), extensions: [] }, async (database) => {
        built += 1
        await inside(database, 'set role fleet_owner; create table note (id int)')
      })
    const [one, other] = await Promise.all([ask(provider), ask(second)])
    expect(one).toEqual(other)
    expect(built).toBe(1)
  })

  test('a template that is ready lets nobody in, and is not built again', async () => {
    const { provider, template, inside, server, mark, asSuperuser } = fleet()
    const { database } = await template()
    await provider.ensureTemplate({ server, mark: mark('template', 'k1'), extensions: [] }, () => expect.unreachable())
    const [state] = await asSuperuser('select datallowconn from pg_database where datname = $1', [database])
    expect(state).toEqual({ datallowconn: false })
    const admin = await provider.connect({ ...provider.plannedPlacement(server, mark('tenant', 'x')), database })
    await expect(inside(admin, 'select 1')).rejects.toThrow()
  })

  test('a build that fails leaves nothing, and its error comes out as it is', async () => {
    const { provider, server, mark, whatIsLeft } = fleet()
    const failure = Object.assign(new Error('no such table'), { code: '40001' })
    let built = 0
    const building = provider.ensureTemplate({ server, mark: mark('template', 'k1'), extensions: [] }, async () => {
      built += 1
      throw failure
    })
    await expect(building).rejects.toBe(failure)
    expect(built).toBe(1)
    expect(await whatIsLeft()).toEqual([])
  })

  test('a session that the build left open is ended', async () => {
    const { provider, server, mark, tenant, inside } = fleet()
    let left: Promise<unknown> = Promise.resolve()
    const ref = await provider.ensureTemplate(
      { server, mark: mark('template', 'k1'), extensions: [] },
      async (database) => {
        left = inside(database, 'select pg_sleep(600)').catch((error: unknown) => error)
        await inside(database, 'select 1')
      },
    )
    expect(await left).toMatchObject({ code: '57P01' })
    expect(await tenant(ref, 'one')).toMatchObject({ server })
  })

  test('extensions are in the template and in its tenants', async () => {
    const { provider, server, mark, tenant, application, inside } = fleet()
    // A trusted one, which an admin without superuser may install.
    const spec = { server, mark: mark('template', 'k1'), extensions: ['citext'] }
    const ref = await provider.ensureTemplate(spec, async (database) => {
      await inside(database, 'set role fleet_owner; create table person (email citext)')
    })
    const placement = await tenant(ref, 'one')
    const [found] = await inside(application(placement), `select 'A@B.c'::citext = 'a@b.C' as same`)
    expect(found).toEqual({ same: true })
  })

  test('an extension that does not exist is named, and leaves nothing', async () => {
    const { provider, server, mark, whatIsLeft } = fleet()
    const spec = { server, mark: mark('template', 'k1'), extensions: ['no_such_thing'] }
    const building = provider.ensureTemplate(spec, () => expect.unreachable())
    await expect(building).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
      message: expect.stringMatching(/"no_such_thing"/),
    })
    expect(await whatIsLeft()).toEqual([])
  })

  test('a template is deleted by its own mark only, and may be gone', async () => {
    const { provider, template, mark, whatIsLeft } = fleet()
    const ref = await template()
    await expect(provider.deleteTemplate(ref, mark('template', 'k2'))).rejects.toMatchObject({
      code: 'DATABASE_FOREIGN',
    })
    expect(await whatIsLeft()).toEqual([ref.database])
    await provider.deleteTemplate(ref, mark('template', 'k1'))
    await provider.deleteTemplate(ref, mark('template', 'k1'))
    expect(await whatIsLeft()).toEqual([])
  })

  test('a template that is gone, or not ready, is not cloned', async () => {
    const { provider, tenant, server, mark, whatIsLeft } = fleet()
    let during: unknown
    const spec = { server, mark: mark('template', 'k1'), extensions: [] }
    const ref = await provider.ensureTemplate(spec, async ({ database }) => {
      during = await tenant({ server, database }, 'early').catch((error: unknown) => error)
    })
    expect(during).toMatchObject({ code: 'TEMPLATE_MISSING' })
    await provider.deleteTemplate(ref, mark('template', 'k1'))
    await expect(tenant(ref, 'late')).rejects.toMatchObject({ code: 'TEMPLATE_MISSING' })
    expect((await whatIsLeft()).filter((it) => !it.startsWith('role '))).toEqual([])
  })
}
