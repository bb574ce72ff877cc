import { Command } from 'commander'
import { countOf } from '../../renderers/format-values.ts'
import { withFleet } from '../../with-fleet.ts'

export function migrateShowCommand(): Command {
  return new Command('show')
    .description('Show a migration: its state, checksum and source')
    .argument('<name>')
    .action((name: string, _options, command: Command) =>
      withFleet(command, async (fleet, face) =>
        face.answer(await fleet.migrations.show(name), (migration, { style }) =>
          [
            style('bold', ` ${migration.name}`),
            ` file      ${migration.file ?? 'gone'}`,
            ` state     ${migration.state}, ${countOf(migration.appliedBy, 'tenant')}`,
            ` checksum  ${migration.checksum?.slice(0, 16) ?? 'unknown'}`,
            ` runs      ${migration.transaction ? 'in a transaction' : 'outside a transaction'}, ${migration.reversible ? 'has' : 'has no'} down`,
            '',
            migration.source?.trimEnd() ?? ' The file is gone.',
          ].join('\n'),
        ),
      ),
    )
}
