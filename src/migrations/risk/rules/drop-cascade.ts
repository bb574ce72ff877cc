import type { Node, ObjectType } from 'libpg-query'
import { heldValues, listed, lostNames } from '../lost-objects.ts'
import type { Match, Rule, RuleContext, TableRef } from '../rule.ts'
import { tableChanges } from '../syntax/alter-table.ts'
import { droppedObjects } from '../syntax/dropped.ts'
import { contentOf } from '../syntax/nodes.ts'
import { nameOf } from '../syntax/tables.ts'
import type { LostObject } from '../trace-facts.ts'
import { tracedFacts } from '../traced-facts.ts'

export const dropCascade: Rule = {
  id: 'drop-cascade',
  class: 'breaking',
  summary: 'Drops, with CASCADE, whatever depends on the object.',
  restorePoint: false,
  approval: 'no',
  decidedBy: 'rule',
  find({ node }, context) {
    const cascade = cascadeOf(node)
    return cascade === null ? [] : found(cascade, context)
  },
}

interface Cascade {
  /** What the statement itself names. */
  readonly names: readonly string[]
  readonly table: TableRef | null
  /** Whether columns or tables with rows may depend on such an object. */
  readonly mayHoldValues: boolean
}

/** Types, extensions, schemas and sequences have rules of their own that tell what goes with them. */
const TOLD_ELSEWHERE: ReadonlySet<ObjectType> = new Set([
  'OBJECT_TYPE',
  'OBJECT_DOMAIN',
  'OBJECT_EXTENSION',
  'OBJECT_SCHEMA',
  'OBJECT_SEQUENCE',
] as const)

const HOLD_VALUES: ReadonlySet<ObjectType> = new Set(['OBJECT_COLLATION', 'OBJECT_ACCESS_METHOD'] as const)

const OF_RELATIONS: ReadonlySet<ObjectType> = new Set([
  'OBJECT_TABLE',
  'OBJECT_FOREIGN_TABLE',
  'OBJECT_VIEW',
  'OBJECT_MATVIEW',
] as const)

function cascadeOf(node: Node | null): Cascade | null {
  const drop = contentOf(node, 'DropStmt')
  if (drop?.removeType !== undefined && drop.behavior === 'DROP_CASCADE') {
    if (TOLD_ELSEWHERE.has(drop.removeType)) return null
    const objects = droppedObjects(drop)
    const [first] = objects
    const table = OF_RELATIONS.has(drop.removeType) ? first?.ref : first?.table
    const names = objects.map(({ ref }) => nameOf(ref))
    return { names, table: table ?? null, mayHoldValues: HOLD_VALUES.has(drop.removeType) }
  }
  const changes = tableChanges(node).filter(
    ({ type, command }) =>
      (type === 'AT_DropColumn' || type === 'AT_DropConstraint') && command.behavior === 'DROP_CASCADE',
  )
  const [first] = changes
  if (first === undefined) return null
  const names = changes.map(({ table, command }) => `${nameOf(table)}.${command.name}`)
  return { names, table: first.table, mayHoldValues: false }
}

function found({ names, table, mayHoldValues }: Cascade, context: RuleContext): readonly Match[] {
  const place = table ? { table, lock: 'ACCESS EXCLUSIVE' as const } : {}
  const facts = tracedFacts(context)
  if (facts === undefined) {
    const message = `CASCADE drops whatever depends on ${listed(names)}: views, foreign keys, defaults${mayHoldValues ? ', columns with their values' : ''}.`
    return [{ message, ...place, ...(mayHoldValues && LOSS) }]
  }
  const lost = facts.lost.filter((it) => !isNamed(it, names))
  if (lost.length === 0) return []
  const message = `CASCADE also drops ${listed(lostNames({ lost }))}, which ${lost.length === 1 ? 'depends' : 'depend'} on ${listed(names)}.`
  return [{ message, ...place, ...(lost.some(heldValues) && LOSS) }]
}

const LOSS = { class: 'destructive', dataLoss: true, restorePoint: true, approval: 'yes' } as const

/** What the statement names itself, and what is a part of that. */
function isNamed({ name }: LostObject, names: readonly string[]): boolean {
  return names.some(
    (own) => [own, `public.${own}`].some((it) => name === it || name.startsWith(`${it}.`)) || name.endsWith(`.${own}`),
  )
}
