import { Command } from 'commander'
import { renderRollout } from '../../renderers/render-rollout.ts'
import { withFleet } from '../../with-fleet.ts'

export function rolloutPauseCommand(): Command {
  return new Command('pause')
    .description('Stop starting tenants; let those in flight finish')
    .argument('[rollout]', 'such as r7; left out: the one that is active')
    .option('--note <text>', 'why; shown in `rollout status`')
    .action((id: string | undefined, options: { note?: string }, command: Command) =>
      withFleet(command, async (fleet, face) => {
        await fleet.rollouts.pause(id, options)
        face.answer(await fleet.rollouts.status(id), renderRollout)
      }),
    )
}
