import { Command } from 'commander'
import { renderRestorePoints } from '../../renderers/render-restore-points.ts'
import { withFleet } from '../../with-fleet.ts'

export function restorePointListCommand(): Command {
  return new Command('list')
    .description('List what tenants can return to, the newest first: age, size, and when it expires')
    .argument('[tenant]', 'only those of one tenant')
    .action((tenantId: string | undefined, _options, command: Command) =>
      withFleet(command, async (fleet, face) =>
        face.answer(await fleet.restorePoints.list(tenantId === undefined ? {} : { tenantId }), renderRestorePoints),
      ),
    )
}
