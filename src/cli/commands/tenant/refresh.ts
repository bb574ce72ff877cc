import { Command } from 'commander'
import { EXIT } from '../../../model/error-meaning.ts'
import { countOf } from '../../renderers/format-values.ts'
import { wrapText } from '../../renderers/wrap-text.ts'
import { withFleet } from '../../with-fleet.ts'

export function tenantRefreshCommand(): Command {
  return new Command('refresh')
    .description("Read tenants' own history and correct the catalog")
    .argument('[id...]', 'left out: all of them')
    .action((ids: string[], _options, command: Command) =>
      withFleet(command, async (fleet, face) => {
        const result = await fleet.tenants.refresh(ids.length === 0 ? undefined : ids)
        face.answer(result, ({ read, corrected, unreachable }, { width }) => {
          const list = (title: string, names: readonly string[]) =>
            names.length === 0
              ? []
              : [
                  wrapText(`${title}: ${names.slice(0, 20).join(', ')}${names.length > 20 ? ', …' : ''}`, {
                    width,
                    first: '   ',
                  }),
                ]
          return [
            ` ${countOf(read, 'tenant')} read, ${corrected.length} corrected, ${unreachable.length} unreachable.`,
            ...list('corrected', corrected),
            ...list('unreachable', unreachable),
          ].join('\n')
        })
        return result.unreachable.length > 0 ? EXIT.usage : EXIT.done
      }),
    )
}
