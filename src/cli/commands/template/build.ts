import { Command } from 'commander'
import { renderTemplates } from '../../renderers/render-templates.ts'
import { withFleet } from '../../with-fleet.ts'

export function templateBuildCommand(): Command {
  return new Command('build')
    .description('Build the template of the released version on every server, if it is not there')
    .action((_options, command: Command) =>
      withFleet(command, async (fleet, face) => face.answer(await fleet.templates.build(), renderTemplates)),
    )
}
