import { Command } from 'commander'
import type { MigrationInfo } from '../../../fleet/fleet.ts'
import { formatNumber } from '../../renderers/format-values.ts'
import { table } from '../../renderers/table.ts'
import { withFleet } from '../../with-fleet.ts'

export function migrateListCommand(): Command {
  return new Command('list')
    .description('List migrations with how many tenants have each')
    .action((_options, command: Command) =>
      withFleet(command, async (fleet, face) =>
        face.answer(await fleet.migrations.list(), (migrations, page) =>
          migrations.length === 0
            ? ' There is no migration yet: fleet migrate make <name>'
            : table<MigrationInfo>(
                [
                  { title: 'migration', text: (it) => it.name, least: 24 },
                  { title: 'state', text: (it) => it.state },
                  { title: 'tenants', text: (it) => formatNumber(it.appliedBy), align: 'right' },
                  { title: '', text: notes, least: 10 },
                ],
                migrations,
                page,
              ),
        ),
      ),
    )
}

function notes({ transaction, reversible }: MigrationInfo): string {
  return [...(transaction ? [] : ['not in a transaction']), ...(reversible ? [] : ['no down'])].join(', ')
}
