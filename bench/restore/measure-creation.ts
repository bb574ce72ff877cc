import { withClient } from '../../src/postgres/connect.ts'
import { quoteIdentifier } from '../../src/postgres/identifiers.ts'
import { copyStrategy } from '../../src/providers/postgres/copy-strategy.ts'
import { runAsAdmin } from '../bench-server.ts'
import { type Sample, summarize, time } from '../statistics.ts'
import type { BenchFleet } from './with-bench-fleet.ts'

const COPY = quoteIdentifier('bench_bare_copy')

/** Makes bare copies and restore points of a tenant in turns, by the same strategy, each after a checkpoint. */
export async function measureCreation(
  { fleet, admin, databaseOf }: BenchFleet,
  tenant: string,
  rounds: number,
): Promise<{ readonly bare: Sample; readonly point: Sample; readonly bytes: number }> {
  const source = databaseOf(tenant)
  const { version, bytes } = await withClient(admin, { applicationName: 'fleet/bench' }, async (client) => {
    const { rows } = await client.query<{ version: number; bytes: number }>(
      `select current_setting('server_version_num')::int as version, pg_database_size($1::name)::float8 as bytes`,
      [source],
    )
    return rows[0] ?? { version: 0, bytes: 0 }
  })
  const strategy = copyStrategy({ version, templateBytes: bytes, clone: 'no', purpose: 'many' }).replace('-', '_')
  const [bare, point]: [number[], number[]] = [[], []]
  for (let round = 0; round < rounds; round += 1) {
    await runAsAdmin(admin, ['checkpoint'])
    const copy = `create database ${COPY} template ${quoteIdentifier(source)} strategy ${strategy}`
    bare.push(await time(() => runAsAdmin(admin, [copy])))
    await runAsAdmin(admin, [`drop database ${COPY}`, 'checkpoint'])
    point.push(await time(() => fleet.restorePoints.create(tenant)))
  }
  return { bare: summarize(bare), point: summarize(point), bytes }
}
