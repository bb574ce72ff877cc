import { Command } from 'commander'
import { renderRestorePoints } from '../../renderers/render-restore-points.ts'
import { withFleet } from '../../with-fleet.ts'

export function restorePointCreateCommand(): Command {
  return new Command('create')
    .description(
      'Make a restore point of a tenant as it is now; its sessions are ended, and nobody gets in until the copy is there',
    )
    .argument('<tenant>')
    .option('--force', 'also where replication slots or subscriptions are in no copy', false)
    .action((tenantId: string, { force }: { force: boolean }, command: Command) =>
      withFleet(command, async (fleet, face) =>
        face.answer(await fleet.restorePoints.create(tenantId, { force }), (point, page) =>
          renderRestorePoints([point], page),
        ),
      ),
    )
}
