import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { type BenchServer, withBenchServer } from './bench-server.ts'
import { compareContenders } from './compare-contenders.ts'
import { describeMachine } from './describe-machine.ts'
import { measureRoundTrip } from './measure-round-trip.ts'
import { MIGRATIONS_FOLDER } from './migrations-folder.ts'
import { NETWORKS, type Network } from './networks.ts'
import { measureOrchestration } from './orchestration/measure-orchestration.ts'
import { measureRecording } from './recording/measure-recording.ts'
import { writeMigrations } from './recording/write-migrations.ts'
import { showComparison, showNothingToDo } from './show-comparison.ts'
import { showOrchestration } from './show-orchestration.ts'
import { showRecording } from './show-recording.ts'
import { withDelay } from './with-delay.ts'

const PARTS = [...NETWORKS.map(({ part }) => part), 'recording', 'orchestration']
const { values } = parseArgs({
  options: { quick: { type: 'boolean', default: false }, only: { type: 'string', multiple: true, default: PARTS } },
})
const unknown = values.only.find((part) => !PARTS.includes(part))
if (unknown !== undefined) throw new Error(`There is no part "${unknown}". There are: ${PARTS.join(', ')}.`)
const size = values.quick
  ? { tenants: 20, rounds: 3, catalogTenants: 10_000 }
  : { tenants: 200, rounds: 5, catalogTenants: 300_000 }

const log = (line: string): void => console.error(line)
await withBenchServer(async (server) => {
  const sections = [(await describeMachine(server.admin)).join('\n')]
  for (const network of NETWORKS) {
    if (values.only.includes(network.part)) sections.push(...(await compare(server, network)))
  }
  if (values.only.includes('recording')) sections.push(...(await record(server)))
  if (values.only.includes('orchestration')) sections.push(...(await orchestrate(server)))
  console.log(sections.join('\n\n'))
})

async function compare(server: BenchServer, network: Network): Promise<readonly string[]> {
  const { title, roundTrip, concurrency } = network
  const { tenants, rounds } = size
  return withDelay(server.admin, roundTrip, async (through) => {
    const trip = await measureRoundTrip(through)
    log(`${title}: a round trip takes ${trip.median.toFixed(1)} ms`)
    // How the fleet's size tells is between the driver and the catalog: the tenants' network is no part of it.
    const sizes = roundTrip === 0 ? [20, 200, 2_000] : []
    const comparison = await compareContenders(server, { tenants, rounds, concurrency, through, sizes, log })
    const what = `${tenants} tenants, concurrency ${concurrency}, medians of ${rounds}; the smallest query takes ${trip.median.toFixed(1)} ms.`
    const sections = [`## ${title}\n\n${what}`, showComparison(comparison, tenants, network)]
    if (sizes.length > 0)
      sections.push("## Nothing to do, by the fleet's size", showNothingToDo(comparison.nothingToDo))
    return sections
  })
}

async function record(server: BenchServer): Promise<readonly string[]> {
  const fifty = join(server.root, 'fifty')
  await writeMigrations(fifty, 50)
  const times = [
    await measureRecording(server, { fleet: 'benchrecording', folder: MIGRATIONS_FOLDER }),
    await measureRecording(server, { fleet: 'benchfifty', folder: fifty }),
  ]
  return ['## Recording and tracing', showRecording(times)]
}

async function orchestrate(server: BenchServer): Promise<readonly string[]> {
  const options = { tenants: size.catalogTenants, concurrency: 64 }
  const orchestration = await measureOrchestration(server, { ...options, log })
  const what = `${options.tenants} tenants in the catalog, concurrency ${options.concurrency}, a migrate step that does nothing.`
  return [`## Orchestration alone\n\n${what}`, showOrchestration(orchestration)]
}
