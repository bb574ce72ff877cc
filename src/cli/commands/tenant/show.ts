import { Command } from 'commander'
import { renderTenant } from '../../renderers/render-tenant.ts'
import { withFleet } from '../../with-fleet.ts'

export function tenantShowCommand(): Command {
  return new Command('show')
    .description('Show a tenant: its version, what is pending, where it is, and its rollouts')
    .argument('<id>')
    .action((id: string, _options, command: Command) =>
      withFleet(command, async (fleet, face) => face.answer(await fleet.tenants.show(id), renderTenant)),
    )
}
