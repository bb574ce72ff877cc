import { Command } from 'commander'
import { renderStatus } from '../renderers/render-status.ts'
import { withFleet } from '../with-fleet.ts'

export function statusCommand(): Command {
  return new Command('status')
    .description('Show tenants by version and state, what is pending, and the last rollout')
    .action((_options, command: Command) =>
      withFleet(command, async (fleet, face) => face.answer(await fleet.status(), renderStatus)),
    )
}
