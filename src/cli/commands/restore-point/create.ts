import { Command } from 'commander'
import { renderRestorePoints } from '../../renderers/render-restore-points.ts'
import { withFleet } from '../../with-fleet.ts'

export function restorePointCreateCommand(): Command {
  return new Command('create')
    .description(
      "Make a restore point of a tenant as it is now; the tenant's sessions are ended, new ones wait for the copy",
    )
    .argument('<tenant>')
    .action((tenantId: string, _options, command: Command) =>
      withFleet(command, async (fleet, face) =>
        face.answer(await fleet.restorePoints.create(tenantId), (point, page) => renderRestorePoints([point], page)),
      ),
    )
}
