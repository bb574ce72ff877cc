import { Command } from 'commander'
import { withFleet } from '../../with-fleet.ts'

export function migrateAcceptCommand(): Command {
  return new Command('accept')
    .description('Take the present content of an edited file as what tenants have')
    .argument('<name>')
    .action((name: string, _options, command: Command) =>
      withFleet(command, async (fleet, face) => {
        await fleet.migrations.accept(name)
        face.answer({ accepted: name }, () => ` ${name} is accepted as it is now.`)
      }),
    )
}
