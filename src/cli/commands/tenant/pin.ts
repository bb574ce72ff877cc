import { Command } from 'commander'
import { countOf } from '../../renderers/format-values.ts'
import { withFleet } from '../../with-fleet.ts'

export function tenantPinCommand(): Command {
  return new Command('pin')
    .description('Keep tenants where they are: rollouts skip them')
    .argument('<id...>')
    .requiredOption('--reason <text>', 'why; shown in plans and in the list')
    .action((ids: string[], { reason }: { reason: string }, command: Command) =>
      withFleet(command, async (fleet, face) => {
        await fleet.tenants.pin(ids, reason)
        face.answer(
          { ids, reason },
          () => ` ${countOf(ids.length, 'tenant')} pinned. Undo it: fleet tenant unpin ${ids.join(' ')}`,
        )
      }),
    )
}
