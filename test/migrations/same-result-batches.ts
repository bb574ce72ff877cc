import { scanSql } from '../../src/migrations/sql/parse-sql.ts'

/** What a migration does, as far as it matters to what may come beside it. */
interface Touched {
  readonly names: ReadonlySet<string>
  /** It may take away what others work on, or change its shape. */
  readonly reshapes: boolean
}

/** Enough to need few databases; a difference in one is still found quickly. */
const LARGEST = 12

/**
 * Packs migrations that have nothing to do with each other into batches, which can share a database. It guesses by the
 * names in their SQL: where it errs, one of a batch fails, in whatever way it is applied.
 * @param shared names, of tables, that several may use as long as none of them reshapes anything
 */
export function packBatches<T>(
  items: readonly T[],
  sqlOf: (item: T) => string,
  shared: ReadonlySet<string>,
): readonly (readonly T[])[] {
  const batches: { readonly items: T[]; readonly touched: Touched[] }[] = []
  for (const item of items) {
    const touched = touchedBy(sqlOf(item))
    const fits = batches.find(
      (batch) => batch.items.length < LARGEST && !batch.touched.some((other) => conflict(touched, other, shared)),
    )
    if (fits === undefined) batches.push({ items: [item], touched: [touched] })
    else {
      fits.items.push(item)
      fits.touched.push(touched)
    }
  }
  return batches.map((batch) => batch.items)
}

const RESHAPES =
  /\b(drop\s+(table|schema|type|domain|extension|view|materialized|sequence|function)|rename|cascade|truncate|set\s+schema|(at|de)tach|do|call|vacuum)\b/i

function touchedBy(sql: string): Touched {
  return { names: new Set(namesIn(sql)), reshapes: RESHAPES.test(sql) }
}

/** The names in a text; of what is quoted, every word, for it may be code. */
function namesIn(sql: string): readonly string[] {
  return scanSql(sql).flatMap(({ name, text }) => {
    if (name === 'IDENT') return [text.replaceAll('"', '').toLowerCase()]
    return name === 'SCONST' ? (text.toLowerCase().match(/\w+/g) ?? []) : []
  })
}

function conflict(one: Touched, other: Touched, shared: ReadonlySet<string>): boolean {
  const common = [...one.names].filter((name) => other.names.has(name))
  return one.reshapes || other.reshapes ? common.length > 0 : common.some((name) => !shared.has(name))
}
