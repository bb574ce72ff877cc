import { Command } from 'commander'
import { renderTemplates } from '../../renderers/render-templates.ts'
import { withFleet } from '../../with-fleet.ts'

export function templateShowCommand(): Command {
  return new Command('show')
    .description('Show the templates that new tenants are cloned from')
    .action((_options, command: Command) =>
      withFleet(command, async (fleet, face) => face.answer(await fleet.templates.show(), renderTemplates)),
    )
}
