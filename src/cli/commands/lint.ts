import { readFile } from 'node:fs/promises'
import { Command, Option } from 'commander'
import { loadConfig } from '../../config/load-config.ts'
import { parseConfig } from '../../config/parse-config.ts'
import type { LintedMigration, SqlFile } from '../../fleet/lint.ts'
import { EXIT, type ExitCode } from '../../model/error-meaning.ts'
import { FleetError } from '../../model/errors.ts'
import type { Finding } from '../../model/finding.ts'
import type { Face } from '../face.ts'
import { countOf } from '../renderers/format-values.ts'
import { lintAnnotations } from '../renderers/lint-annotations.ts'
import { lintDocument } from '../renderers/lint-document.ts'
import { renderAssessment } from '../renderers/render-assessment.ts'
import { withFace, withOpenFleet } from '../with-fleet.ts'

const LEVELS = ['risky', 'breaking', 'blocking', 'any'] as const
type Level = (typeof LEVELS)[number]

interface LintFlags {
  readonly sql?: string
  readonly schema?: string
  readonly all?: boolean
  readonly failOn: Level
}

export function lintCommand(): Command {
  return new Command('lint')
    .description('Say what pending migrations lock, rewrite and lose, before any tenant gets them (exit 5: findings)')
    .option('--sql <file>', 'look into a file of plain SQL instead; needs neither a fleet nor a configuration')
    .option('--schema <file>', 'SQL that is run before that of --sql, to set its tables up')
    .option('--all', 'all migrations, not only those that some tenant lacks')
    .addOption(new Option('--fail-on <level>', 'the least that makes it exit 5').choices(LEVELS).default('risky'))
    .addHelpText('after', HELP)
    .action((flags: LintFlags, command: Command) =>
      withFace(command, async (face) => {
        if (flags.schema !== undefined && flags.sql === undefined)
          throw new FleetError('USAGE', '--schema sets up tables for --sql <file>, which is missing.')
        const linted = await lint(flags, face)
        show(linted, face)
        return exitCode(linted, flags.failOn)
      }),
    )
}

const HELP = `
Verdicts, worst first:
  risky      loses data, cannot be reversed, or nobody could tell: takes a restore point
  breaking   running code would fail
  blocking   long locks, rewrites, full scans
  safe       none of these

Accept a finding in the file, with the reason:
  -- fleet: allow drop-column because nothing has read it since 2.1
  export const config = { allow: { 'drop-column': 'nothing has read it since 2.1' } }`

async function lint({ sql, schema, all }: LintFlags, { options }: Face): Promise<readonly LintedMigration[]> {
  const { lintFolder, lintSql } = await import('../../fleet/lint.ts')
  const config = await loadConfig(options.config === undefined ? {} : { file: options.config }).catch(
    (error: unknown) => {
      const isMissing = error instanceof FleetError && error.code === 'CONFIG_NOT_FOUND' && options.config === undefined
      // What is asked about a file has nothing to do with the fleet that it may lie beside.
      if (isMissing || (sql !== undefined && options.config === undefined)) return undefined
      throw error
    },
  )
  const settings = config ?? parseConfig({ name: 'lint' }, { root: process.cwd() })
  if (sql !== undefined)
    return [await lintSql(await read(sql), schema === undefined ? undefined : await read(schema), settings)]
  if (config === undefined) return lintFolder(settings)
  return withOpenFleet(config, (fleet) => fleet.migrations.lint({ all: all === true }))
}

async function read(file: string): Promise<SqlFile> {
  const text = await readFile(file, 'utf8').catch((cause: NodeJS.ErrnoException) => {
    throw new FleetError('USAGE', `${cause.code === 'ENOENT' ? 'There is no file' : 'Cannot read'} ${file}.`, { cause })
  })
  // Editors on Windows begin a file with it; to the parser it is a word.
  return { file, text: text.replace(/^\uFEFF/, '') }
}

function show(linted: readonly LintedMigration[], face: Face): void {
  const page = face.page()
  if (face.options.output === 'github') for (const line of linted.flatMap(lintAnnotations)) face.print(line)
  if (face.options.output === 'json') face.print(JSON.stringify(linted.flatMap(lintDocument), null, 2))
  else if (linted.length === 0) face.print(' Nothing is pending.')
  else {
    const pages = linted.map(({ file, assessment }) => renderAssessment(file, assessment, page))
    face.print(`${pages.join('\n\n')}\n\n ${summary(linted)}`)
  }
}

function summary(linted: readonly LintedMigration[]): string {
  const verdicts = (['risky', 'breaking', 'blocking', 'safe'] as const).flatMap((verdict) => {
    const count = linted.filter(({ assessment }) => assessment.verdict === verdict).length
    return count === 0 ? [] : [`${count} ${verdict}`]
  })
  return `${countOf(linted.length, 'migration')}: ${verdicts.join(', ')}`
}

/** What cannot run at all is never fine. */
function exitCode(linted: readonly LintedMigration[], failOn: Level): ExitCode {
  const findings = linted.flatMap(({ assessment }) => assessment.findings)
  const isWorse = (verdict: Level | 'safe') => LEVELS.indexOf(verdict as Level) <= LEVELS.indexOf(failOn)
  const verdicts = linted.map(({ assessment }) => assessment.verdict).filter((it) => it !== 'safe')
  const fails =
    findings.some((it: Finding) => it.refused) ||
    (failOn === 'any' ? findings.length > 0 : verdicts.some((verdict) => isWorse(verdict)))
  return fails ? EXIT.no : EXIT.done
}
