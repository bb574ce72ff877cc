import { parseArgs } from 'node:util'
import { withBenchServer } from './bench-server.ts'
import { type Comparison, compareContenders } from './compare-contenders.ts'
import { describeMachine } from './describe-machine.ts'
import { markdownTable } from './markdown-table.ts'

const { values } = parseArgs({ options: { quick: { type: 'boolean', default: false } } })
const size = values.quick ? { tenants: 20, rounds: 3 } : { tenants: 200, rounds: 5 }
const CONCURRENCY = 8
const log = (line: string) => console.error(line)

await withBenchServer(async (server) => {
  const machine = await describeMachine(server.admin)
  const comparison = await compareContenders(server, {
    ...size,
    concurrency: CONCURRENCY,
    sizes: [20, 200, 2_000],
    log,
  })
  console.log(machine.join('\n'))
  console.log(showComparison(comparison))
})
function showComparison(it: Comparison): string {
  const rows = [...it.tasks].flatMap(([task, byName]) => [...byName].map(([name, s]) => [`${task}: ${name}`, s.median.toFixed(0), s.least.toFixed(0), s.most.toFixed(0)]))
  return markdownTable(['x', 'median', 'least', 'most'], rows) + JSON.stringify([...it.nothingToDo])
}
