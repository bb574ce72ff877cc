import { beforeEach, describe, expect, test } from 'vitest'
import type { ConnectionDescriptor } from '../../src/model/connection.ts'
import type { TemplateRef } from '../../src/providers/provider.ts'
import type { Model, TestFleet } from './provider-setup.ts'

/** Templates, where the provider has them, and what tenants are made with. */
export function templateTests(fleet: () => TestFleet): void {
  const spec = (extensions: readonly string[] = []) => {
    const { server, mark } = fleet()
    return { server, mark: mark('template', 'k1'), extensions }
  }

  describe('of templates', () => {
    const modelOf = (ref: TemplateRef): Model => ({ ref, sql: '', extensions: [], left: [ref.database] })
    const aTemplate = async () => {
      const { ref } = await fleet().template()
      if (ref === null) throw new Error('The provider has no templates.')
      return ref
    }

    beforeEach(({ skip }) => {
      skip(!fleet().provider.hasTemplates, 'The provider has no templates.')
    })

    test('two providers that ask for a template at once build it once', async () => {
      const { provider, second, asOwner } = fleet()
      let built = 0
      const ask = (it: typeof provider) =>
        it.ensureTemplate(spec(), async (database) => {
          built += 1
          await asOwner(database, 'create table note (id int)')
        })
      const [one, other] = await Promise.all([ask(provider), ask(second)])
      expect(one).toEqual(other)
      expect(built).toBe(1)
    })

    test('a template that is ready lets nobody in, and is not built again', async () => {
      const { provider, inside, server, mark, underTest } = fleet()
      const ref = await aTemplate()
      await provider.ensureTemplate(spec(), () => expect.unreachable())
      expect(await underTest.isOpen(ref)).toBe(false)
      const { database } = ref
      const placement = { ...provider.plannedPlacement(server, mark('tenant', 'x')), database }
      // Where nobody can get in, there may not even be a way that could be tried.
      const entering = async () => inside(await provider.connect(placement), 'select 1')
      await expect(entering()).rejects.toThrow()
    })

    test('a build that fails leaves nothing, and its error comes out as it is', async () => {
      const { provider, whatIsLeft } = fleet()
      const failure = Object.assign(new Error('no such table'), { code: '40001' })
      let built = 0
      const building = provider.ensureTemplate(spec(), async () => {
        built += 1
        throw failure
      })
      await expect(building).rejects.toBe(failure)
      expect(built).toBe(1)
      expect(await whatIsLeft()).toEqual([])
    })

    test('a session that the build left open is ended', async () => {
      const { provider, server, tenant, inside } = fleet()
      let left: Promise<unknown> = Promise.resolve()
      const ref = await provider.ensureTemplate(spec(), async (database) => {
        left = inside(database, 'select pg_sleep(600)').catch((error: unknown) => error)
        await inside(database, 'select 1')
      })
      expect(await left).toMatchObject({ code: '57P01' })
      expect(await tenant(modelOf(ref), 'one')).toMatchObject({ server })
    })

    test('an extension that does not exist is named, and leaves nothing', async () => {
      const { provider, whatIsLeft } = fleet()
      const building = provider.ensureTemplate(spec(['no_such_thing']), () => expect.unreachable())
      await expect(building).rejects.toMatchObject({
        code: 'CONFIG_INVALID',
        message: expect.stringMatching(/"no_such_thing"/),
      })
      expect(await whatIsLeft()).toEqual([])
    })

    test('a template is deleted by its own mark only, and may be gone', async () => {
      const { provider, mark, whatIsLeft } = fleet()
      const ref = await aTemplate()
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
      const build = async ({ database }: ConnectionDescriptor) => {
        during = await tenant(modelOf({ server, database }), 'early').catch((error: unknown) => error)
      }
      const ref = await provider.ensureTemplate(spec(), build)
      expect(during).toMatchObject({ code: 'TEMPLATE_MISSING' })
      await provider.deleteTemplate(ref, mark('template', 'k1'))
      await expect(tenant(modelOf(ref), 'late')).rejects.toMatchObject({ code: 'TEMPLATE_MISSING' })
      expect((await whatIsLeft()).filter((it) => !it.startsWith('role '))).toEqual([])
    })
  })

  test('extensions are in what tenants begin with', async () => {
    const { template, tenant, application, inside } = fleet()
    // A trusted one, which an admin without superuser may install.
    const placement = await tenant(await template('k1', 'create table person (email citext)', ['citext']), 'one')
    const [found] = await inside(application(placement), `select 'A@B.c'::citext = 'a@b.C' as same`)
    expect(found).toEqual({ same: true })
  })

  test('without templates, a tenant with an extension that does not exist is not made, and can be deleted', async ({
    skip,
  }) => {
    const { provider, template, tenant, server, mark, whatIsLeft } = fleet()
    skip(provider.hasTemplates, 'Extensions are installed in templates.')
    await expect(tenant(await template('k1', '', ['no_such_thing']), 'one')).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
      message: expect.stringMatching(/"no_such_thing"/),
    })
    await provider.deleteDatabase(provider.plannedPlacement(server, mark('tenant', 'one')), mark('tenant', 'one'))
    expect(await whatIsLeft()).toEqual([])
  })
}
