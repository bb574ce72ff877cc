import { Command } from 'commander'
import { withFleet } from '../../with-fleet.ts'

export function catalogShowCommand(): Command {
  return new Command('show')
    .description('Show which catalog this is, and its version')
    .action((_options, command: Command) =>
      withFleet(command, async (fleet, face) =>
        face.answer(await fleet.catalog.show(), (catalog) =>
          [
            ` fleet    ${catalog.fleet}`,
            ` catalog  ${catalog.id}`,
            ` schema   ${catalog.schemaVersion}, written by kysely-fleet ${catalog.leastProgram}`,
          ].join('\n'),
        ),
      ),
    )
}
