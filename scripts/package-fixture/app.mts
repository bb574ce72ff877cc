// A program of a user of the package: type-checked against its declarations, then run as it is.
import {
  defineFleet,
  embedded,
  type Fleet,
  FleetError,
  loadConfig,
  openFleet,
  postgres,
  type Tenant,
} from 'kysely-fleet'

const inline = defineFleet({
  name: 'elsewhere',
  provider: postgres({ url: process.env.FLEET_SERVER_URL }),
  rollout: { waves: [{ name: 'canary', size: '10%', maxFailures: 0 }, { name: 'everyone' }] },
  seed: async (db) => {
    await db.introspection.getTables()
  },
})
const refused = await openFleet(inline).catch((error: unknown) => error)
if (!(refused instanceof FleetError) || refused.code !== 'CONFIG_INVALID') throw new Error('an undefined url was taken')
if (embedded().kind !== 'embedded') throw new Error('embedded() is something else')

const fleet: Fleet = await openFleet(await loadConfig())
try {
  const tenants: Tenant[] = []
  for await (const tenant of fleet.tenants.create([{ id: 'globex', tags: { ring: 'internal' } }])) tenants.push(tenant)
  // @ts-expect-error: the declarations are read, not `any`
  if (tenants[0]?.id === 1) throw new Error('impossible')
  const status = await fleet.status()
  console.log(JSON.stringify({ created: tenants.map((it) => it.id), ready: status.states.ready }))
} finally {
  await fleet.close()
}
