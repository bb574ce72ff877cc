import { Command } from 'commander'
import { countOf } from '../../renderers/format-values.ts'
import { withFleet } from '../../with-fleet.ts'

export function tenantUnpinCommand(): Command {
  return new Command('unpin')
    .description('Let rollouts take tenants again')
    .argument('<id...>')
    .action((ids: string[], _options, command: Command) =>
      withFleet(command, async (fleet, face) => {
        await fleet.tenants.unpin(ids)
        face.answer({ ids }, () => ` ${countOf(ids.length, 'tenant')} unpinned. What they lack: fleet rollout plan`)
      }),
    )
}
