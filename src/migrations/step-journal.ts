import { createHash } from 'node:crypto'
import type { CompiledQuery } from 'kysely'
import type { Client } from '../postgres/connect.ts'
import { quoteIdentifier } from '../postgres/identifiers.ts'
import { ApplyError } from './apply-error.ts'
import { STEP_TABLE, tableName } from './history.ts'
import type { HistoryTables } from './migration.ts'

interface Step {
  readonly n: number
  readonly hash: string
}

/** Before the hash of a step that runs alone: begun, and nobody knows whether it has ended. */
const STARTED = 'started '

/** Which steps of a migration outside a transaction are done, kept in the tenant beside its history until all are. */
export class StepJournal {
  readonly #client: Client
  readonly #migration: string
  readonly #table: string
  readonly #rows: ReadonlyMap<number, string>

  private constructor(client: Client, migration: string, table: string, rows: ReadonlyMap<number, string>) {
    this.#client = client
    this.#migration = migration
    this.#table = table
    this.#rows = rows
  }

  /** Makes the table if it is missing, in the schema of the history, and reads it. Call it in an open frame. */
  static async open(client: Client, migration: string, tables: HistoryTables): Promise<StepJournal> {
    const { rows: schemas } = await client.query<{ schema: string }>(
      `select nspname as schema from pg_class join pg_namespace on pg_namespace.oid = relnamespace
       where pg_class.oid = $1::regclass`,
      [tableName(tables)],
    )
    const table = quoteIdentifier(schemas[0]?.schema ?? 'public', STEP_TABLE)
    const { rows: found } = await client.query<{ there: boolean }>('select to_regclass($1) is not null as there', [
      table,
    ])
    if (!found[0]?.there) {
      await client.query(
        `create table ${table} (migration text, n int, hash text not null, primary key (migration, n))`,
      )
    }
    const { rows } = await client.query<Step>(`select n, hash from ${table} where migration = $1`, [migration])
    return new StepJournal(client, migration, table, new Map(rows.map(({ n, hash }) => [n, hash])))
  }

  /**
   * Says whether an earlier try has done this step.
   * @throws ApplyError when what it did there was another statement: nobody can know then what is left to do
   */
  isDone(step: Step): boolean {
    const row = this.#rows.get(step.n)
    if (row !== undefined && row !== step.hash && !this.isStarted(step)) {
      throw new ApplyError(
        'statement',
        `Step ${step.n} is not the statement that an earlier try ran: the migration was edited, or it differs each time. ` +
          this.byHand(),
      )
    }
    return row === step.hash
  }

  /** Says whether an earlier try has begun this step, alone, and was ended before it could record more. */
  isStarted({ n, hash }: Step): boolean {
    return this.#rows.get(n) === STARTED + hash
  }

  /** Records that a step is about to run alone; returns whether an earlier try had begun it. */
  async start(step: Step): Promise<boolean> {
    if (this.isStarted(step)) return true
    await this.#write(step.n, STARTED + step.hash)
    return false
  }

  /** Records that a step is done; within a transaction that holds from its COMMIT on. */
  async finish({ n, hash }: Step): Promise<void> {
    await this.#write(n, hash)
  }

  /** Says what a person can do where nobody can know what is left to do. */
  byHand(): string {
    return `Finish the migration by hand, write its row into the history, then drop ${this.#table}.`
  }

  /** Returns the statement that removes the journal, for the transaction of the history row. */
  dropText(): string {
    return `drop table ${this.#table}`
  }

  async #write(n: number, hash: string): Promise<void> {
    const conflict = 'on conflict (migration, n) do update set hash = excluded.hash'
    await this.#client.query(`insert into ${this.#table} (migration, n, hash) values ($1, $2, $3) ${conflict}`, [
      this.#migration,
      n,
      hash,
    ])
  }
}

/** Returns what identifies a statement with its parameters. */
export function hashOf({ sql, parameters }: CompiledQuery): string {
  const values = JSON.stringify(parameters, (_, value) => (typeof value === 'bigint' ? `${value}n` : value))
  return createHash('sha256').update(sql).update('\0').update(values).digest('hex')
}
