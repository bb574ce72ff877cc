import { Command } from 'commander'
import { renderRollout } from '../../renderers/render-rollout.ts'
import { withFleet } from '../../with-fleet.ts'

export function rolloutAbortCommand(): Command {
  return new Command('abort')
    .description('Give a rollout up: what runs finishes, the rest is skipped, what is done stays done')
    .argument('[rollout]', 'such as r7; left out: the one that is active')
    .action((id: string | undefined, _options, command: Command) =>
      withFleet(command, async (fleet, face) => {
        await fleet.rollouts.abort(id)
        face.answer(await fleet.rollouts.status(id), renderRollout)
      }),
    )
}
