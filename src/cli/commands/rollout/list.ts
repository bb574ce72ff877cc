import { Command } from 'commander'
import { parseCount } from '../../parse-options.ts'
import { renderRollouts } from '../../renderers/render-rollout.ts'
import { withFleet } from '../../with-fleet.ts'

export function rolloutListCommand(): Command {
  return new Command('list')
    .description('List rollouts, the newest first')
    .option('--limit <n>', 'at most so many', parseCount, 20)
    .action(({ limit }: { limit: number }, command: Command) =>
      withFleet(command, async (fleet, face) => face.answer(await fleet.rollouts.list({ limit }), renderRollouts)),
    )
}
