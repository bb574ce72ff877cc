import { Command } from 'commander'
import type { CheckResult } from '../../model/fleet-status.ts'
import { exitCodeOfCheck } from '../exit-codes.ts'
import type { Page } from '../face.ts'
import { parseCountOrAll } from '../parse-options.ts'
import { countOf, formatNumber } from '../renderers/format-values.ts'
import { wrapText } from '../renderers/wrap-text.ts'
import { withFleet } from '../with-fleet.ts'

interface CheckFlags {
  readonly atLeast: string
  readonly verify?: number | 'all'
}

export function checkCommand(): Command {
  return new Command('check')
    .description('Say whether every tenant has a migration: for a deploy that needs it (exit 5: no)')
    .requiredOption('--at-least <migration>', 'the migration that every tenant must have')
    .option('--verify <n|all>', 'read so many tenants themselves, not the catalog alone (default: 20)', parseCountOrAll)
    .action(({ atLeast, verify }: CheckFlags, command: Command) =>
      withFleet(command, async (fleet, face) => {
        const result = await fleet.check({ atLeast, ...(verify === undefined ? {} : { verify }) })
        face.answer(result, renderCheck)
        return exitCodeOfCheck(result)
      }),
    )
}

/** Says yes or no first, then how it is known. */
export function renderCheck(result: CheckResult, { width, style }: Page): string {
  const { ok, atLeast, tenants, behind, examples, verified, corrected } = result
  const answer = ok
    ? style('green', ` yes: ${countOf(tenants, 'tenant')} ${tenants === 1 ? 'has' : 'have'} ${atLeast}.`)
    : style(
        'red',
        ` no: ${formatNumber(behind)} of ${countOf(tenants, 'tenant')} lack ${atLeast}: ${examples.join(', ')}${behind > examples.length ? ', …' : ''}`,
      )
  const wrong = corrected.length > 0 ? `, and ${corrected.length} corrected: ${corrected.slice(0, 5).join(', ')}` : ''
  const how = wrapText(`By the catalog; ${countOf(verified, 'tenant')} read${wrong}.`, { width, first: ' ' })
  return [answer, how, ...(ok ? [] : [' Next: fleet rollout plan'])].join('\n')
}
