import { performance } from 'node:perf_hooks'
import pLimit from 'p-limit'
import pg from 'pg'
import { withBenchServer, setAutovacuum } from './bench-server.ts'
import { loadMigrations } from '../src/migrations/load-migrations.ts'
import { prepareTenants } from './bench-tenants.ts'
import { createFloor } from './contenders/floor.ts'
import { MIGRATIONS_FOLDER } from './migrations-folder.ts'
import { recordMigrations } from '../src/migrations/record/record-migrations.ts'
import { compileMigration } from '../src/migrations/compile/compile-migration.ts'
import { replayMessage, messageText } from '../src/migrations/replay-message.ts'
const N=100
await withBenchServer(async (server) => {
  const migrations = await loadMigrations({ folder: MIGRATIONS_FOLDER, root: server.root })
  const recs = await recordMigrations(migrations)
  const comp = migrations.map((m,i)=>compileMigration(m, recs[i]!.queries!))
  const tenants = await prepareTenants(server, N)
  const common={ through: server.admin, databases: tenants.databases, migrations, concurrency:8 } as any
  const floor = await createFloor(common)
  const names=migrations.map(m=>m.name)
  const msg=(owner:string|null, from:number,to:number, keep:(p:any)=>boolean)=>messageText(replayMessage(comp.slice(from,to).map((c,i)=>({migrations:[c],frame:{migrations:[c.migration],expected:names.slice(0,from+i),tables:{table:'kysely_migration',lockTable:'kysely_migration_lock',schema:undefined},ownerRole:owner,timeouts:{lock:3000,statement:600000},last:i===to-from-1}}))).filter(keep))
  const run=async(text:string)=>{const limit=pLimit(8);const a=server.admin;await limit.map(tenants.databases,async(database)=>{const c=new pg.Client({host:a.host,port:a.port,user:a.user,password:a.password?.reveal(),database} as any);await c.connect();await c.query(text);await c.end()})}
  await setAutovacuum(server.admin,'off')
  const HT=`create table if not exists kysely_migration (name varchar(255) not null primary key, timestamp varchar(255) not null);`
  const isSet=(p:any)=>p.kind==='open'&&/^set local (lock|statement|client|idle)/.test(p.sql)
  const isReset=(p:any)=>/^reset|^set role/.test(p.sql)
  const isDo=(p:any)=>/^do /.test(p.sql)
  const V:Record<string,[string,string]>={
    full:[msg('fleet_owner',0,10,()=>true),msg('fleet_owner',10,11,()=>true)],
    noOwner:[msg(null,0,10,()=>true),msg(null,10,11,()=>true)],
    noDo:[HT+msg(null,0,10,p=>!isDo(p)),msg(null,10,11,p=>!isDo(p))],
    noDoSet:[HT+msg(null,0,10,p=>!isDo(p)&&!isSet(p)),msg(null,10,11,p=>!isDo(p)&&!isSet(p))],
    noDoSetReset:[HT+msg(null,0,10,p=>!isDo(p)&&!isSet(p)&&!isReset(p)),msg(null,10,11,p=>!isDo(p)&&!isSet(p)&&!isReset(p))],
  }
  for(let r=0;r<3;r++){ 
   for (const c of ['floor',...Object.keys(V)]){ await tenants.reset(); const out=[]; for (const i of [0,1] as const){ const t=performance.now(); if(c==='floor') await floor.run(i===0?'ten migrations':'one migration'); else await run(V[c]![i]); out.push(Math.round(performance.now()-t))} console.log(c,...out)}}
})
