import { type Command, CommanderError } from 'commander'
import { EXIT } from '../model/error-meaning.ts'
import { exitCodeOfError } from './exit-codes.ts'
import { errorDocument, formatError } from './format-error.ts'
import { buildProgram } from './program.ts'
import { refusePasswords } from './refuse-passwords.ts'

/** Runs one command line, reports what went wrong, and sets the exit code of the process. Never throws. */
export async function runProgram(args: readonly string[]): Promise<void> {
  quietTypelessPackages()
  const program = buildProgram()
  forEachCommand(program, (command) => {
    command
      .exitOverride()
      .showSuggestionAfterError()
      .configureHelp({ showGlobalOptions: true, sortOptions: false })
      .configureOutput({
        outputError: (text, write) => write(text.replace(/^error: /, 'fleet: ')),
      })
  })
  try {
    refusePasswords(args)
    await program.parseAsync(args, { from: 'user' })
  } catch (error) {
    if (error instanceof CommanderError) {
      // Commander has said it already. Help and version are answers, not errors; a bare group shows its help as one.
      process.exitCode = error.exitCode === 0 ? EXIT.done : EXIT.usage
    } else {
      process.exitCode = exitCodeOfError(error)
      report(error, args)
    }
  }
}

/** Node warns of every migration in a project whose package.json has no "type": that is the project's own business. */
function quietTypelessPackages(): void {
  process.removeAllListeners('warning')
  process.on('warning', (warning) => {
    if ((warning as NodeJS.ErrnoException).code !== 'MODULE_TYPELESS_PACKAGE_JSON') process.stderr.write(`${warning}\n`)
  })
}

function report(error: unknown, args: readonly string[]): void {
  // Not by the program's own parse: it may have failed before these were read.
  const debug = args.includes('--debug')
  const json = args.some((arg, index) => arg === '--output=json' || (arg === '--output' && args[index + 1] === 'json'))
  const width = process.stderr.isTTY ? (process.stderr.columns ?? 80) : Number.POSITIVE_INFINITY
  process.stderr.write(`${json ? JSON.stringify(errorDocument(error)) : formatError(error, { debug, width })}\n`)
}

function forEachCommand(command: Command, use: (command: Command) => void): void {
  use(command)
  for (const child of command.commands) forEachCommand(child, use)
}
