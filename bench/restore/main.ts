import { parseArgs } from 'node:util'
import { withBenchServer } from '../bench-server.ts'
import { describeMachine } from '../describe-machine.ts'
import { markdownTable } from '../markdown-table.ts'
import type { Sample } from '../statistics.ts'
import { measureCreation } from './measure-creation.ts'
import { measureNeighbour, type Seen } from './measure-neighbour.ts'
import { measureRestore } from './measure-restore.ts'
import { withBenchFleet } from './with-bench-fleet.ts'

const flag = { type: 'boolean', default: false } as const
const { values } = parseArgs({ options: { quick: flag, neighbour: flag } })
const size = values.quick
  ? { rounds: 3, rows: [1_000, 50_000], tenants: 10 }
  : { rounds: 9, rows: [1_000, 100_000, 2_000_000], tenants: 200 }
if (values.neighbour) size.rows = []

const log = (line: string): void => console.error(line)
const ms = ({ median, least, most }: Sample) => `${median.toFixed(0)} (${least.toFixed(0)} to ${most.toFixed(0)})`

await withBenchServer(async (server) => {
  const sections = [(await describeMachine(server.admin)).join('\n')]
  await withBenchFleet(server, async (bench) => {
    const creation: string[][] = []
    const restore: string[][] = []
    for (const rows of size.rows) {
      log(`${rows} rows`)
      const tenant = await bench.tenantWith(`rows-${rows}`, rows)
      const { bare, point, bytes } = await measureCreation(bench, tenant, size.rounds)
      const megabytes = `${(bytes / 2 ** 20).toFixed(0)} MB`
      creation.push([megabytes, ms(bare), ms(point), (point.median / bare.median).toFixed(2)])
      for (const writers of [0, 4]) {
        const { whole, closed } = await measureRestore(bench, tenant, { rounds: size.rounds, writers })
        restore.push([`${megabytes}, ${writers} writers`, ms(whole), ms(closed)])
      }
    }
    if (!values.neighbour)
      sections.push(
        '## Creating a restore point\n\nms, median (least to most), against a bare `CREATE DATABASE … TEMPLATE` of the same tenant',
        markdownTable(['size', 'bare copy', 'restore point', 'ratio'], creation),
        '## Restore\n\nms: the whole call, and how long nobody could be in the tenant',
        markdownTable(['tenant', 'restore', 'closed'], restore),
      )
    log(`${size.tenants} restore points beside a neighbour`)
    const line = (what: string, { rate, p50, p99, longest }: Seen, share = '', points = '') => [
      what,
      rate.toFixed(0),
      p50.toFixed(1),
      p99.toFixed(1),
      longest.toFixed(0),
      share,
      points,
    ]
    const lines = (await measureNeighbour(bench, size.tenants)).flatMap((it) => [
      line('alone', it.alone),
      line(`beside, ${it.copiesAtOnce} copied at once`, it.beside, it.share.toFixed(2), it.points.toFixed(1)),
    ])
    sections.push(
      `## A neighbour that writes, while ${size.tenants} tenants get restore points`,
      markdownTable(
        ['', 'transactions per second', 'p50 ms', 'p99 ms', 'longest ms', 'share left', 'restore points per second'],
        lines,
      ),
    )
  })
  console.log(sections.join('\n\n'))
})
