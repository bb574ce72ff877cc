import { type Command, Option } from 'commander'
import type { PlanOptions } from '../fleet/fleet.ts'
import type { RestorePointPolicy } from '../model/rollout.ts'
import type { Tags } from '../model/tenant.ts'
import { collect, collectTag, parseCount, parseCountOrAll, parseQuantityText } from './parse-options.ts'
import type { RehearsalFlags } from './rehearse-plan.ts'

/** What `rollout plan` and `rollout start` have in common, as commander reads it. */
export interface PlanFlags extends RehearsalFlags {
  readonly to?: string
  readonly again?: boolean
  readonly tenant?: readonly string[]
  readonly skipTenant?: readonly string[]
  readonly tag?: Tags
  readonly wave?: readonly string[]
  readonly concurrency?: number
  readonly maxFailures?: string
  readonly takeRestorePoints?: RestorePointPolicy
  readonly replay?: boolean
  readonly verify?: number | 'all'
}

/** Adds the options that say which tenants go where, and how. */
export function addPlanOptions(command: Command): Command {
  return command
    .option('--to <migration>', 'the last migration to apply (default: the newest file)')
    .option('--again', 'also what an undo has taken back and whose file is still the same')
    .option('--tenant <id>', 'only this tenant; may be repeated', collect)
    .option('--skip-tenant <id>', 'not this tenant; may be repeated', collect)
    .option('--tag <key=value>', 'only tenants with this tag; may be repeated, all must match', collectTag)
    .option('--wave <name>', 'only tenants of this wave; may be repeated', collect)
    .option('--concurrency <n>', 'most tenants at once', parseCount)
    .option('--max-failures <n|p%>', 'how many of a wave may fail, instead of what the waves say', parseQuantityText)
    .addOption(
      new Option(
        '--take-restore-points <when>',
        'before the first migration of tenants that lack a risky one, of all, or of none (default: restorePoints.take)',
      ).choices(['risky', 'always', 'never']),
    )
    .option('--no-replay', 'run every migration live through Kysely, statement by statement')
    .option('--verify <n|all>', 'read so many tenants themselves first, not the catalog alone', parseCountOrAll)
    .option('--rehearse <n>', 'try it first on copies of n tenants, made from their restore points', parseCount)
    .option(
      '--rehearse-closes-tenants',
      'also copy tenants that have no restore point: their sessions are ended, and nobody gets in while they are copied',
    )
}

/** Turns flags into what the library takes. */
export function planOptionsOf(flags: PlanFlags): PlanOptions {
  const { to, again, concurrency, maxFailures, takeRestorePoints, replay, verify, rehearse } = flags
  return {
    ...(to === undefined ? {} : { to }),
    ...(again === undefined ? {} : { again }),
    ...(concurrency === undefined ? {} : { concurrency }),
    ...(maxFailures === undefined ? {} : { maxFailures }),
    ...(takeRestorePoints === undefined ? {} : { takeRestorePoints }),
    ...(replay === undefined ? {} : { replay }),
    ...(verify === undefined ? {} : { verify }),
    ...(rehearse === undefined ? {} : { rehearse }),
    scope: {
      tenants: flags.tenant ?? [],
      skipTenants: flags.skipTenant ?? [],
      tags: flags.tag ?? {},
      waves: flags.wave ?? [],
    },
  }
}

/** Writes flags as one types them: the plan of `start` has the same digest only with the same options. */
export function formatPlanFlags(flags: PlanFlags): string {
  const repeated = (name: string, values: readonly string[] = []) => values.map((value) => `${name} ${quote(value)}`)
  return [
    ...(flags.to === undefined ? [] : [`--to ${quote(flags.to)}`]),
    ...(flags.again ? ['--again'] : []),
    ...repeated('--tenant', flags.tenant),
    ...repeated('--skip-tenant', flags.skipTenant),
    ...repeated(
      '--tag',
      Object.entries(flags.tag ?? {}).map(([key, value]) => `${key}=${value}`),
    ),
    ...repeated('--wave', flags.wave),
    ...(flags.concurrency === undefined ? [] : [`--concurrency ${flags.concurrency}`]),
    ...(flags.maxFailures === undefined ? [] : [`--max-failures ${quote(flags.maxFailures)}`]),
    ...(flags.takeRestorePoints === undefined ? [] : [`--take-restore-points ${flags.takeRestorePoints}`]),
    ...(flags.replay === false ? ['--no-replay'] : []),
  ].join(' ')
}

/** Quotes for a POSIX shell where it is needed. */
function quote(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`
}
