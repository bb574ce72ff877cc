import { Command } from 'commander'
import type { TenantRun } from '../../../model/rollout.ts'
import { oneLine } from '../../renderers/render-failures.ts'
import type { Column } from '../../renderers/table.ts'
import { tablePages } from '../../renderers/table-pages.ts'
import { withFleet } from '../../with-fleet.ts'

const RUN_COLUMNS: readonly Column<TenantRun>[] = [
  { title: 'tenant', text: (it) => it.tenantId },
  { title: 'wave', text: (it) => it.wave, least: 8 },
  { title: 'state', text: (it) => it.state },
  { title: 'tries', text: (it) => String(it.attempt), align: 'right' },
  { title: 'migration', text: (it) => it.migration ?? '', least: 12 },
  { title: '', text: (it) => [it.sqlstate, it.message && oneLine(it.message)].filter(Boolean).join('  '), least: 16 },
]

export function rolloutShowCommand(): Command {
  return new Command('show')
    .description('List the tenants of a rollout with what became of each')
    .argument('[rollout]', 'such as r7; left out: the active or the last one')
    .option('--failed', 'only those that failed', false)
    .action((id: string | undefined, { failed }: { failed: boolean }, command: Command) =>
      withFleet(command, (fleet, face) =>
        face.stream(fleet.rollouts.runs(id, failed ? { states: ['failed'] } : {}), (runs, page) =>
          tablePages(RUN_COLUMNS, runs, { page, empty: failed ? ' No tenant failed.' : ' It has no tenants.' }),
        ),
      ),
    )
}
