// biome-ignore-all lint/suspicious/noTemplateCurlyInString: source of migrations
import type { Style } from './styles.ts'

/** Migrations that depend on when and where they run. */
export const SURROUNDINGS_STYLES: readonly Style[] = [
  // What differs from one run to the next.
  { style: 'the time', kind: 'dynamic', up: `await db.insertInto('t').values({ at: new Date() }).execute()` },
  {
    style: 'the time as a number',
    kind: 'dynamic',
    up: `await db.insertInto('t').values({ at: Date.now() }).execute()`,
  },
  {
    style: 'the time as text',
    kind: 'dynamic',
    up: `await db.insertInto('t').values({ at: new Date().toISOString().slice(0, 10) }).execute()`,
  },
  {
    style: 'the year',
    kind: 'dynamic',
    up: 'await sql`insert into t values (${new Date().getFullYear()})`.execute(db)',
  },
  {
    style: 'the hour',
    kind: 'dynamic',
    up: 'if (new Date().getUTCHours() < 24) await sql`insert into t values (${new Date().getUTCHours()})`.execute(db)',
  },
  {
    style: 'the minute',
    kind: 'dynamic',
    up: 'await sql`insert into t values (${new Date().getMinutes()})`.execute(db)',
  },
  {
    style: 'a chance of one in a thousand',
    kind: 'dynamic',
    up: 'if (Math.random() < 0.001) await sql`insert into t values (1)`.execute(db)',
  },
  {
    style: 'a chance of one in a thousand, from the other end',
    kind: 'dynamic',
    up: 'if (Math.random() > 0.999) await sql`insert into t values (1)`.execute(db)',
  },
  { style: 'Date as a function', kind: 'dynamic', up: 'await sql`insert into t values (${Date()})`.execute(db)' },
  {
    style: 'the date as Intl writes it',
    kind: 'dynamic',
    up: `await sql\`insert into t values (\${new Intl.DateTimeFormat('en').format()})\`.execute(db)`,
  },
  {
    style: 'the time at which the file was loaded',
    kind: 'dynamic',
    head: 'const loaded = new Date().toISOString().slice(0, 10)',
    up: 'await sql`insert into t values (${loaded})`.execute(db)',
  },
  { style: 'a random number', kind: 'dynamic', up: 'await sql`insert into t values (${Math.random()})`.execute(db)' },
  {
    style: 'a random id',
    kind: 'dynamic',
    head: `import { randomUUID } from 'node:crypto'`,
    up: 'await sql`insert into t values (${randomUUID()})`.execute(db)',
  },
  {
    style: 'a random id made when the file was loaded',
    kind: 'dynamic',
    head: 'const id = crypto.randomUUID()',
    up: 'await sql`insert into t values (${id})`.execute(db)',
  },
  {
    style: 'a counter that outlives the run',
    kind: 'dynamic',
    head: 'let runs = 0',
    up: 'runs += 1; await sql`insert into t values (${runs})`.execute(db)',
  },
  // What surrounds the process.
  {
    style: 'an environment variable',
    kind: 'dynamic',
    up: `if (process.env.SEED_DEMO === '1') await sql\`insert into t values (1)\`.execute(db)`,
  },
  {
    style: 'an environment variable at the top of the file',
    kind: 'dynamic',
    head: `const flag = process.env.FLAG`,
    up: `if (flag) await sql\`insert into t values (1)\`.execute(db)`,
  },
  {
    style: 'an environment variable by its import',
    kind: 'dynamic',
    head: `import { env } from 'node:process'`,
    up: `if (env.FLAG) await sql\`insert into t values (1)\`.execute(db)`,
  },
  {
    style: 'all environment variables',
    kind: 'dynamic',
    up: `const { FLAG } = { ...process.env }
if (FLAG) await sql\`insert into t values (1)\`.execute(db)`,
  },
  {
    style: 'whether an environment variable is set',
    kind: 'dynamic',
    up: `if ('FLAG' in process.env) await sql\`insert into t values (1)\`.execute(db)`,
  },
]
