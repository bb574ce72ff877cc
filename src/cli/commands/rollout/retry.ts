import { Command } from 'commander'
import { countOf } from '../../renderers/format-values.ts'
import { withFleet } from '../../with-fleet.ts'

export function rolloutRetryCommand(): Command {
  return new Command('retry')
    .description('Set the tenants that failed back to pending; `rollout resume` then drives them')
    .argument('[rollout]', 'such as r7; left out: the active or the last one')
    .option('--failed', 'those that failed, which is all that can be retried: may be left out')
    .action((id: string | undefined, _options, command: Command) =>
      withFleet(command, async (fleet, face) => {
        const retried = await fleet.rollouts.retry(id)
        const next = retried === 0 ? '' : ` Next: fleet rollout resume${id === undefined ? '' : ` ${id}`}`
        face.answer({ retried }, () => ` ${countOf(retried, 'tenant')} will be tried again.${next}`)
      }),
    )
}
