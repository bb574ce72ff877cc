import { Command } from 'commander'
import { withFleet } from '../../with-fleet.ts'

export function tenantUrlCommand(): Command {
  return new Command('url')
    .description("Print the connection string of a tenant's application")
    .argument('<id>')
    .option('--reveal', 'with the password', false)
    .action((id: string, { reveal }: { reveal: boolean }, command: Command) =>
      withFleet(command, async (fleet, face) =>
        face.answer({ url: await fleet.tenants.url(id, { reveal }) }, ({ url }) => url),
      ),
    )
}
