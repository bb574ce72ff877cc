import { Command } from 'commander'
import { EXIT } from '../../model/error-meaning.ts'
import { confirm } from '../confirm.ts'
import { exitCodeOfSalvage } from '../exit-codes.ts'
import { questionOf, renderRestored } from '../renderers/render-restore-points.ts'
import { withFleet } from '../with-fleet.ts'

interface RestoreFlags {
  readonly to?: string
  readonly acceptDataLoss: boolean
  readonly salvage?: string
  readonly force: boolean
}

export function restoreCommand(): Command {
  return new Command('restore')
    .description(
      'Return a tenant to a restore point, under the same connection string where that can be; the state before is kept',
    )
    .argument('<tenant>')
    .option(
      '--to <id>',
      'the restore point (default: the newest that no restore has kept, if the tenant has not returned since)',
    )
    .option(
      '--accept-data-loss',
      'also where rows were written since, or nobody can tell: they will only be in what is kept',
      false,
    )
    .option('--salvage <folder>', 'write the rows that only the state before has as CSV into an empty or new folder')
    .option(
      '--force',
      'also where replication slots or subscriptions will be with what is kept, or there can be no restore after it',
      false,
    )
    .addHelpText('after', HELP)
    .action((tenantId: string, { to, acceptDataLoss, salvage, force }: RestoreFlags, command: Command) =>
      withFleet(command, async (fleet, face) => {
        // Who mistyped an id hears it before being asked, and what was agreed to is what is done.
        const plan = await fleet.planRestore(tenantId, { to })
        if (!(await confirm(face, questionOf(plan)))) {
          face.note('Nothing was changed.')
          return EXIT.no
        }
        const restored = await fleet.restore(tenantId, { to: plan.point.id, acceptDataLoss, salvage, force })
        face.answer(restored, renderRestored)
        return restored.salvage === null ? EXIT.done : exitCodeOfSalvage(restored.salvage)
      }),
    )
}

const HELP = `
The tenant's sessions are ended while it returns, which takes moments, whatever its size. What was written
since the restore point is counted first; where it is not certain that there is nothing, exit 5. Rows that were
inserted or updated since and that --salvage can write to files need no --accept-data-loss; deletions, large
objects and what is unknown do.

Without --to, a restore that was interrupted goes on; else the tenant returns to the newest restore point. Where
it has returned since that was made, or a newer one has expired, that is refused, and says what there is: what a
restore has kept is never taken by default.

  fleet restore-point list acme    what it can return to
  fleet restore acme --salvage ./acme-rows
  fleet restore acme --to p7       back again afterwards: fleet restore acme --to <what was kept>`
