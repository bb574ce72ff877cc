import { parseArgs } from 'node:util'
import { withBenchServer } from './bench-server.ts'
import { compareContenders } from './compare-contenders.ts'
import { describeMachine } from './describe-machine.ts'
import { measureOrchestration } from './orchestration/measure-orchestration.ts'
import { showComparison, showNothingToDo } from './show-comparison.ts'
import { showOrchestration } from './show-orchestration.ts'

const PARTS = ['ratios', 'orchestration']
const { values } = parseArgs({
  options: { quick: { type: 'boolean', default: false }, only: { type: 'string', multiple: true, default: PARTS } },
})
const unknown = values.only.find((part) => !PARTS.includes(part))
if (unknown !== undefined) throw new Error(`There is no part "${unknown}". There are: ${PARTS.join(', ')}.`)
const size = values.quick
  ? { tenants: 20, rounds: 3, catalogTenants: 10_000 }
  : { tenants: 200, rounds: 5, catalogTenants: 300_000 }
const concurrency = { ratios: 8, orchestration: 64 }

const log = (line: string): void => console.error(line)
const sections: string[] = []
await withBenchServer(async (server) => {
  sections.push((await describeMachine(server.admin)).join('\n'))
  if (values.only.includes('ratios')) {
    const { tenants, rounds } = size
    const comparison = await compareContenders(server, {
      tenants,
      rounds,
      concurrency: concurrency.ratios,
      sizes: [20, 200, 2_000],
      log,
    })
    const what = `${tenants} tenants, concurrency ${concurrency.ratios}, medians of ${rounds}`
    sections.push(`## Against the floor and Kysely's Migrator\n\n${what}.`, showComparison(comparison))
    sections.push("## Nothing to do, by the fleet's size", showNothingToDo(comparison.nothingToDo))
  }
  if (values.only.includes('orchestration')) {
    const options = { tenants: size.catalogTenants, concurrency: concurrency.orchestration }
    const orchestration = await measureOrchestration(server, { ...options, log })
    const what = `${options.tenants} tenants in the catalog, concurrency ${options.concurrency}, a migrate step that does nothing.`
    sections.push(`## Orchestration alone\n\n${what}`, showOrchestration(orchestration))
  }
})
console.log(sections.join('\n\n'))
