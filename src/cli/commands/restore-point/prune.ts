import { Command } from 'commander'
import type { RestorePoint } from '../../../model/restore-point.ts'
import { countOf } from '../../renderers/format-values.ts'
import { withFleet } from '../../with-fleet.ts'

export function restorePointPruneCommand(): Command {
  return new Command('prune')
    .description('Remove restore points whose time is over, whose tenant was deleted, and what is left of failed ones')
    .action((_options, command: Command) =>
      withFleet(command, async (fleet, face) => {
        const gone: RestorePoint[] = []
        for await (const point of fleet.restorePoints.prune()) gone.push(point)
        face.answer(gone, () => ` ${countOf(gone.length, 'restore point')} removed.`)
      }),
    )
}
