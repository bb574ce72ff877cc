import { performance } from 'node:perf_hooks'
import { withBenchServer } from './bench-server.ts'
import { loadMigrations } from '../src/migrations/load-migrations.ts'
import { prepareTenants } from './bench-tenants.ts'
import { createFleetRollout } from './contenders/fleet-rollout.ts'
import { createFloor } from './contenders/floor.ts'
import { MIGRATIONS_FOLDER } from './migrations-folder.ts'
import { setAutovacuum } from './bench-server.ts'
import * as tm from '../src/rollout/migrate-tenant.ts'
const N=100
await withBenchServer(async (server) => {
  const migrations = await loadMigrations({ folder: MIGRATIONS_FOLDER, root: server.root })
  const tenants = await prepareTenants(server, N)
  const common={ through: server.admin, databases: tenants.databases, migrations, concurrency:8 } as any
  const opts={server, through: server.admin, migrations, tenants:N, concurrency:8}
  const fleet = await createFleetRollout(opts as any,{name:'p0',proof:0})
  const live = await createFleetRollout(opts as any,{name:'live',replay:false})
  const floor = await createFloor(common)
  await setAutovacuum(server.admin,'off')
  for(let r=0;r<3;r++) for (const c of [floor,fleet,live]){ await tenants.reset(); await c.prepare(); for (const task of ['ten migrations','one migration'] as const){ const t=performance.now(); const u=process.cpuUsage(); await c.run(task); const v=process.cpuUsage(u); console.log(c.name,task,Math.round(performance.now()-t),'cpu',Math.round((v.user+v.system)/1000))}}
  await fleet.close(); await live.close()
})
