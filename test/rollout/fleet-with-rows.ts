import type { Tags } from '../../src/model/tenant.ts'
import { setupFleet } from '../support/fleet.ts'

export const OLD = ['0001_items', '0002_price']

/** A fleet at `0002_price` whose tenants have a row each; those of ring `internal` are the canaries. */
export async function setupWithRows(
  tenants: Readonly<Record<string, Tags>>,
  input: Parameters<typeof setupFleet>[0] = {},
) {
  const ids = Object.keys(tenants)
  const test = await setupFleet({
    rollout: {
      waves: [
        { name: 'canary', match: { ring: 'internal' } },
        { name: 'everyone', maxFailures: ids.length },
      ],
    },
    ...input,
  })
  const { fleet } = test
  await test.create(tenants)
  for (const id of ids) await test.inTenant(id, (client) => client.query('insert into items values (1, 10)'))
  await fleet.rollouts.start()
  const items = async (id: string) =>
    (
      await test.inTenant(id, (client) => client.query('select to_jsonb(items) as item from items order by id'))
    ).rows.map(({ item }) => item)
  /** Starts what is pending. */
  const rollOut = async (options: Parameters<typeof fleet.rollouts.start>[0] = {}) => {
    const result = await fleet.rollouts.start(options)
    if (result.kind === 'nothing-to-do') throw new Error('there was nothing to roll out')
    return result.status
  }
  return { ...test, items, rollOut }
}
