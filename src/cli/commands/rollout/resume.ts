import { Command } from 'commander'
import { driveRollout } from '../../drive-rollout.ts'
import { parseQuantityText } from '../../parse-options.ts'
import { viewOfStatus } from '../../renderers/rollout-view.ts'
import { withFleet } from '../../with-fleet.ts'

export function rolloutResumeCommand(): Command {
  return new Command('resume')
    .description('Go on with a rollout that is paused or whose driver died, and drive it')
    .argument('[rollout]', 'such as r7; left out: the one that is active')
    .option('--max-failures <n|p%>', 'let so many of each wave fail from now on', parseQuantityText)
    .action((id: string | undefined, flags: { maxFailures?: string }, command: Command) =>
      withFleet(command, async (fleet, face) =>
        driveRollout(fleet, face, {
          initial: viewOfStatus(await fleet.rollouts.status(id)),
          drive: (signal) => fleet.rollouts.resume(id, { ...flags, signal }),
        }),
      ),
    )
}
