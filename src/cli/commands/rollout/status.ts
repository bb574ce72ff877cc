import { Command } from 'commander'
import { EXIT } from '../../../model/error-meaning.ts'
import { exitCodeOfRollout } from '../../exit-codes.ts'
import { renderRollout } from '../../renderers/render-rollout.ts'
import { watchRollout } from '../../watch-rollout.ts'
import { withFleet } from '../../with-fleet.ts'

export function rolloutStatusCommand(): Command {
  return new Command('status')
    .description('Show a rollout: waves, failures, who drives it, and what to do next')
    .argument('[rollout]', 'such as r7; left out: the active or the last one')
    .option('-w, --watch', 'keep showing it until it rests; the exit code then says how it ended', false)
    .action((id: string | undefined, { watch }: { watch: boolean }, command: Command) =>
      withFleet(command, async (fleet, face) => {
        if (watch) return exitCodeOfRollout(await watchRollout(fleet, face, id))
        face.answer(await fleet.rollouts.status(id), renderRollout)
        return EXIT.done
      }),
    )
}
