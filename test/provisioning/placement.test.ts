import { expect, onTestFinished, test } from 'vitest'
import type { FleetInput } from '../../src/config/define-fleet.ts'
import { withClient } from '../../src/postgres/connect.ts'
import { formatConnectionString } from '../../src/postgres/connection-string.ts'
import { setupFleet } from '../support/fleet.ts'
import { admin, createTestDatabase } from '../support/test-server.ts'

/** Two servers by name, both the one under test: where a tenant is placed is decided by name. */
async function twoServers(more: Partial<FleetInput> = {}): Promise<Partial<FleetInput>> {
  const url = formatConnectionString(admin(), { reveal: true })
  const catalog = await createTestDatabase()
  onTestFinished(() => catalog.drop())
  await withClient(catalog.connection, { applicationName: 'test' }, (client) =>
    client.query(`alter database "${catalog.name}" owner to "${admin().user}"`),
  )
  return {
    provider: { kind: 'postgres', servers: { left: url, right: url } },
    catalog: { url: formatConnectionString({ ...admin(), database: catalog.name }, { reveal: true }) },
    ...more,
  }
}

test('tenants go to the server with the fewest', async () => {
  const { fleet, create } = await setupFleet(await twoServers())
  for (const id of ['a', 'b', 'c', 'd']) await create([id])
  expect((await fleet.status()).servers).toEqual([
    { server: 'left', tenants: 2 },
    { server: 'right', tenants: 2 },
  ])
  expect(await fleet.rollouts.start()).toMatchObject({ kind: 'nothing-to-do' })
})

test('or to the one that placement() chooses, which must be there', async () => {
  const placement = ({ id, tags }: { id: string; tags: Readonly<Record<string, string>> }) =>
    id === 'lost' ? 'middle' : (tags.region ?? 'left')
  const { fleet, create } = await setupFleet(await twoServers({ placement }))
  await create({ a: { region: 'right' }, b: { region: 'right' }, c: {} })
  expect((await fleet.tenants.show('a')).placement?.server).toBe('right')
  expect((await fleet.tenants.show('c')).placement?.server).toBe('left')
  await expect(create(['lost'])).rejects.toThrow('placement(lost) chose server "middle". There are: left, right.')
})

test('a rollout keeps to the limit per server', async () => {
  const { fleet, create, migration, events } = await setupFleet(
    await twoServers({ rollout: { failureMode: 'soft', concurrency: 8, perServer: 1 } }),
  )
  await create(['a', 'b', 'c', 'd', 'e', 'f'])
  await migration('0003_more', 'await sql`create table more ()`.execute(db)')
  expect(await fleet.rollouts.start()).toMatchObject({ status: { state: 'completed' } })
  const server = new Map((await Array.fromAsync(fleet.tenants.list())).map((it) => [it.id, it.placement?.server]))
  const running = new Set<string>()
  for (const event of events) {
    if (event.type === 'tenant.started') {
      expect([...running].filter((id) => server.get(id) === server.get(event.tenantId))).toEqual([])
      running.add(event.tenantId)
    } else if (event.type === 'tenant.succeeded') running.delete(event.tenantId)
  }
})
