/**
 * Does Neon do what the provider relies on? `NEON_API_KEY=... node examples/neon-live-check/check.ts`
 *
 * It makes one project, asks its questions of that, deletes it whatever happens, and prints what it has seen beside what the
 * emulator does. It ends with 1 where something differs or was not reached. NEON_ORG_ID and NEON_REGION (aws-us-east-1) say where;
 * NEON_BASE_URL names another API, such as that of the emulator. It has never been run against Neon itself: nobody who wrote it has an
 * account. What it costs there: one of the account's projects, some minutes of the smallest compute.
 */
import { systemClock } from '../../src/lib/clock.ts'
import { Secret } from '../../src/model/secret.ts'
import { neonName } from '../../src/providers/neon/names.ts'
import { Answers } from './answers.ts'
import { askAll } from './ask-all.ts'
import { ThrowAwayProject } from './throw-away-project.ts'

const { NEON_API_KEY, NEON_ORG_ID, NEON_REGION = 'aws-us-east-1', NEON_BASE_URL } = process.env
if (!NEON_API_KEY) {
  console.error(
    'NEON_API_KEY is not set: make a key in the settings of an organisation, best one without other projects.',
  )
  process.exit(2)
}

const project = new ThrowAwayProject(
  {
    apiKey: new Secret(NEON_API_KEY),
    placement: 'project-per-tenant',
    templateProjectId: undefined,
    region: NEON_REGION,
    orgId: NEON_ORG_ID,
    pgVersion: 18,
    historyRetention: undefined,
    autoscaling: undefined,
    suspendTimeout: undefined,
    suspendAfter: false,
    prices: undefined,
    requestsPerMinute: 600,
    requestsPerSecond: 30,
    baseUrl: NEON_BASE_URL,
  },
  systemClock,
)
const answers = new Answers()
const failures: unknown[] = []
const interrupted = new Promise<never>((_resolve, reject) => {
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    // However often it comes: the project is deleted first.
    process.on(signal, () => reject(new Error('It was interrupted.')))
  }
})
await Promise.race([check(), interrupted]).catch((error: unknown) => failures.push(error))
await project.delete().catch((error: unknown) => {
  failures.push(error)
  console.error(`Project "${neonName(project.tenantMark)}" may be there still: delete it in Neon's console.`)
})

const { table, differing } = answers.report(NEON_BASE_URL !== undefined)
console.log(`\n${table}\n`)
for (const failure of failures) console.error(failure instanceof Error ? failure.message : failure)
console.log(differing === 0 ? 'All is as expected.' : `${differing} of them are not as expected, or were not reached.`)
process.exit(differing === 0 && failures.length === 0 ? 0 : 1)

async function check(): Promise<void> {
  const { authMethod } = await project.api.getAuthDetails()
  const plan = NEON_ORG_ID ? (await project.api.getOrganization(NEON_ORG_ID)).plan : 'unknown'
  console.log(`The key works (${authMethod}); plan ${plan}; ${systemClock.now().toISOString()}`)
  await askAll(project, answers)
}
