import { type CompiledQuery, Kysely, type KyselyPlugin } from 'kysely'
import type { DynamicReason } from '../../model/assessment.ts'
import { lineInStack } from '../describe-import-error.ts'
import { liveDialect } from '../live-dialect.ts'
import type { Migration } from '../migration.ts'
import type { AnswerShape } from './answer-shape.ts'
import type { Answers } from './answers.ts'
import type { RecordedQuery } from './recording.ts'
import { RecordingConnection } from './recording-connection.ts'

export interface RunOptions {
  readonly answers: Answers
  readonly plugins: readonly KyselyPlugin[]
  readonly shapeOf: (sql: string) => AnswerShape
  /** Whether lines are looked for, which takes its time. */
  readonly locate: boolean
}

/** One run of a migration's `up` that reached no server. */
export interface Run {
  readonly queries: readonly RecordedQuery[]
  /** What it did that a static migration does not do. */
  readonly reasons: readonly DynamicReason[]
  /** What it threw; undefined: it returned. */
  readonly thrown: { readonly error: unknown } | undefined
  /** The error that one of its queries was made to fail with. */
  readonly injected: Error | undefined
}

/** Runs `up` on a connection that only writes down, with the handle that a tenant's run gives it. */
export async function runMigration(migration: Migration, options: RunOptions): Promise<Run> {
  const { answers, plugins, shapeOf, locate } = options
  const lines = new WeakMap<object, number | null>()
  const lineHere = () => (locate ? (lineInStack(new Error(), migration.path) ?? null) : null)
  // Where a query is compiled, `up` is on the stack; where it is sent, it may no longer be.
  const locator: KyselyPlugin = {
    transformQuery: ({ node, queryId }) => {
      lines.set(queryId, lineHere())
      return node
    },
    transformResult: async ({ result }) => result,
  }
  const lineOf = ({ queryId }: CompiledQuery) => lines.get(queryId) ?? lineHere()

  const connection = new RecordingConnection({ answers, shapeOf, lineOf })
  const own = (sql: string) => async () => {
    if (!migration.transaction) connection.control(sql)
  }
  const dialect = liveDialect(connection, { begin: own('begin'), commit: own('commit'), rollback: own('rollback') })
  const db = new Kysely<unknown>({ dialect, plugins: [...plugins.map(withoutResults), locator] })

  let thrown: Run['thrown']
  const up = async () => {
    try {
      if (migration.transaction) await db.transaction().execute(async (transaction) => migration.up(transaction))
      else await migration.up(db)
    } catch (error) {
      thrown = { error }
    }
  }
  await Promise.race([up(), connection.stopped])
  await connection.close({ returned: thrown === undefined })
  const { queries, reasons, injected } = connection
  return { queries, reasons, thrown, injected }
}

/** What a plugin does to a result would read it; whether anybody reads what comes of that is seen without. */
function withoutResults(plugin: KyselyPlugin): KyselyPlugin {
  return {
    transformQuery: (query) => plugin.transformQuery(query),
    transformResult: async ({ result }) => result,
  }
}
