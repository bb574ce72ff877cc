import { relative } from 'node:path'
import { Command } from 'commander'
import { withFleet } from '../../with-fleet.ts'

export function migrateMakeCommand(): Command {
  return new Command('make')
    .description('Write an empty migration with the next number')
    .argument('<name>', 'what it does, such as add_seats')
    .action((name: string, _options, command: Command) =>
      withFleet(command, async (fleet, face) => {
        const path = await fleet.migrations.make(name)
        face.answer(
          { path },
          () => ` Wrote ${relative(process.cwd(), path)}. Try it on one tenant: fleet rollout start --tenant <id>`,
        )
      }),
    )
}
