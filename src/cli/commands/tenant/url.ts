import { Command } from 'commander'
import { withFleet } from '../../with-fleet.ts'

export function tenantUrlCommand(): Command {
  return new Command('url')
    .description("Print the connection string of a tenant's application")
    .argument('<id>')
    .option('--reveal', 'with the password', false)
    .option('--pooled', 'through the pooler of the provider, where it has one', false)
    .action((id: string, { reveal, pooled }: { reveal: boolean; pooled: boolean }, command: Command) =>
      withFleet(command, async (fleet, face) =>
        face.answer({ url: await fleet.tenants.url(id, { reveal, pooled }) }, ({ url }) => url),
      ),
    )
}
