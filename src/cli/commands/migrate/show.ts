import { Command } from 'commander'
import type { MigrationDetail } from '../../../fleet/fleet.ts'
import { countOf } from '../../renderers/format-values.ts'
import { renderAssessment } from '../../renderers/render-assessment.ts'
import { withFleet } from '../../with-fleet.ts'

export function migrateShowCommand(): Command {
  return new Command('show')
    .description('Show a migration: its state, its verdict, and the SQL that tenants get')
    .argument('<name>')
    .action((name: string, _options, command: Command) =>
      withFleet(command, async (fleet, face) =>
        face.answer(await fleet.migrations.show(name), (migration, page) => {
          const { style } = page
          return [
            style('bold', ` ${migration.name}`),
            ` file      ${migration.file ?? 'gone'}`,
            ` state     ${migration.state}, ${countOf(migration.appliedBy, 'tenant')}`,
            ` checksum  ${migration.checksum?.slice(0, 16) ?? 'unknown'}`,
            ` runs      ${migration.transaction ? 'in a transaction' : 'outside a transaction'}, ${migration.reversible ? 'has' : 'has no'} down`,
            '',
            ...(migration.file === null || migration.assessment === null
              ? [' The file is gone.']
              : [renderAssessment(migration.file, migration.assessment, page), '', ...sent(migration)]),
          ].join('\n')
        }),
      ),
    )
}

/** The SQL as it was recorded; of a dynamic migration, which sends each tenant its own, the source. */
function sent({ statements, source }: MigrationDetail): string[] {
  if (statements === null) return [' Its SQL differs by tenant. The source:', '', source?.trimEnd() ?? '']
  return statements.map(({ sql, transactional }) => `${sql};${transactional ? '' : '  -- alone, not in a transaction'}`)
}
