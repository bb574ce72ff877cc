import { Command, Option } from 'commander'
import { programVersion } from '../lib/program-version.ts'
import { EXIT } from '../model/error-meaning.ts'
import { catalogShowCommand } from './commands/catalog/show.ts'
import { catalogUpgradeCommand } from './commands/catalog/upgrade.ts'
import { checkCommand } from './commands/check.ts'
import { demoCommand } from './commands/demo.ts'
import { doctorCommand } from './commands/doctor.ts'
import { initCommand } from './commands/init.ts'
import { lintCommand } from './commands/lint.ts'
import { migrateAcceptCommand } from './commands/migrate/accept.ts'
import { migrateListCommand } from './commands/migrate/list.ts'
import { migrateMakeCommand } from './commands/migrate/make.ts'
import { migrateShowCommand } from './commands/migrate/show.ts'
import { restoreCommand } from './commands/restore.ts'
import { restorePointCreateCommand } from './commands/restore-point/create.ts'
import { restorePointListCommand } from './commands/restore-point/list.ts'
import { restorePointPruneCommand } from './commands/restore-point/prune.ts'
import { restorePointSalvageCommand } from './commands/restore-point/salvage.ts'
import { rolloutAbortCommand } from './commands/rollout/abort.ts'
import { rolloutListCommand } from './commands/rollout/list.ts'
import { rolloutPauseCommand } from './commands/rollout/pause.ts'
import { rolloutPlanCommand } from './commands/rollout/plan.ts'
import { rolloutResumeCommand } from './commands/rollout/resume.ts'
import { rolloutRetryCommand } from './commands/rollout/retry.ts'
import { rolloutShowCommand } from './commands/rollout/show.ts'
import { rolloutStartCommand } from './commands/rollout/start.ts'
import { rolloutStatusCommand } from './commands/rollout/status.ts'
import { rolloutUndoCommand } from './commands/rollout/undo.ts'
import { statusCommand } from './commands/status.ts'
import { sweepCommand } from './commands/sweep.ts'
import { templateBuildCommand } from './commands/template/build.ts'
import { templateShowCommand } from './commands/template/show.ts'
import { tenantAdoptCommand } from './commands/tenant/adopt.ts'
import { tenantCreateCommand } from './commands/tenant/create.ts'
import { tenantDeleteCommand } from './commands/tenant/delete.ts'
import { tenantListCommand } from './commands/tenant/list.ts'
import { tenantPinCommand } from './commands/tenant/pin.ts'
import { tenantRefreshCommand } from './commands/tenant/refresh.ts'
import { tenantShowCommand } from './commands/tenant/show.ts'
import { tenantTagCommand } from './commands/tenant/tag.ts'
import { tenantUnpinCommand } from './commands/tenant/unpin.ts'
import { tenantUrlCommand } from './commands/tenant/url.ts'
import { EXIT_MEANINGS } from './exit-codes.ts'

const EXAMPLES = `
Examples:
  fleet demo                                 the whole story, in under a minute
  fleet tenant create acme --tag ring=early  a database for a new customer
  fleet rollout plan                         what would be migrated, and when
  fleet rollout plan --rehearse 5            the same on copies of five tenants
  fleet rollout start --yes                  in a pipeline; safe to run again
  fleet rollout status -w                    watch it from anywhere
  fleet check --at-least 0039_split_name     may code that needs it be deployed?`

/** One line for each exit code. */
function exitCodesText(): string {
  const lines = Object.entries(EXIT).map(
    ([name, exit]) => `  ${String(exit).padEnd(5)}${EXIT_MEANINGS[name as keyof typeof EXIT]}`,
  )
  return ['', 'Exit codes:', ...lines].join('\n')
}

/** Builds the whole command line. */
export function buildProgram(): Command {
  const program = new Command('fleet')
    .description(
      'Keeps a fleet of tenant databases on one schema: makes them from a template, rolls migrations out in waves.',
    )
    .version(programVersion(), '--version', 'print the version')
    .helpOption('-h, --help', 'show help')
    .option('--config <file>', 'configuration file (default: fleet.config.ts in the working directory)')
    .addOption(new Option('--output <format>', 'how to print').choices(['tty', 'json', 'github']).default('tty'))
    .option('--yes', 'answer every question with yes', false)
    .option('--debug', 'show stacks and causes of errors', false)
    .option('--no-color', 'no colours (NO_COLOR is respected too)')
    .addHelpText('after', `${EXAMPLES}\n${exitCodesText()}`)

  program.commandsGroup('Begin:')
  add(program, [initCommand(), demoCommand(), doctorCommand()])
  program.commandsGroup('Look:')
  add(program, [statusCommand(), checkCommand(), lintCommand()])
  program.helpCommand('help [command]', 'show help of a command')
  program.commandsGroup('Work:')
  add(program, [
    group('rollout', 'Bring the fleet to a version, wave by wave', [
      rolloutPlanCommand(),
      rolloutStartCommand(),
      rolloutStatusCommand(),
      rolloutListCommand(),
      rolloutShowCommand(),
      rolloutPauseCommand(),
      rolloutResumeCommand(),
      rolloutRetryCommand(),
      rolloutUndoCommand(),
      rolloutAbortCommand(),
    ]),
    group('tenant', 'Make, list, change and delete tenants', [
      tenantCreateCommand(),
      tenantListCommand(),
      tenantShowCommand(),
      tenantTagCommand(),
      tenantPinCommand(),
      tenantUnpinCommand(),
      tenantRefreshCommand(),
      tenantUrlCommand(),
      tenantAdoptCommand(),
      tenantDeleteCommand(),
    ]),
    restoreCommand(),
    group('restore-point', 'What tenants can return to', [
      restorePointCreateCommand(),
      restorePointListCommand(),
      restorePointSalvageCommand(),
      restorePointPruneCommand(),
    ]),
    sweepCommand(),
    group('migrate', 'Write migrations and see which tenants have them', [
      migrateMakeCommand(),
      migrateListCommand(),
      migrateShowCommand(),
      migrateAcceptCommand(),
    ]),
    group('template', 'The databases that new tenants are cloned from', [
      templateBuildCommand(),
      templateShowCommand(),
    ]),
    group('catalog', 'Where the fleet keeps what it knows', [catalogShowCommand(), catalogUpgradeCommand()]),
  ])
  return program
}

function group(name: string, description: string, commands: readonly Command[]): Command {
  const command = new Command(name).description(description)
  add(command, commands)
  return command
}

function add(parent: Command, commands: readonly Command[]): void {
  for (const command of commands) parent.addCommand(command)
}
