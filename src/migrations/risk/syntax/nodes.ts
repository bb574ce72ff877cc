import type { DefElem, Node } from 'libpg-query'

type KeysOf<T> = T extends unknown ? keyof T : never

/** `AlterTableStmt`, `FuncCall`, …: what stands as the only key of a node. */
export type NodeKind = KeysOf<Node>

/** The content of a node of that kind. */
export type NodeOf<K extends NodeKind> = Extract<Node, Record<K, unknown>>[K]

/** Returns the content of a node if it is of that kind. */
export function contentOf<K extends NodeKind>(node: Node | null | undefined, kind: K): NodeOf<K> | undefined {
  return node && kind in node ? (node as Extract<Node, Record<K, unknown>>)[kind] : undefined
}

/** Returns the contents of those nodes of a list that are of that kind. */
export function contentsOf<K extends NodeKind>(nodes: readonly Node[] | undefined, kind: K): readonly NodeOf<K>[] {
  return (nodes ?? []).flatMap((node) => {
    const content = contentOf(node, kind)
    return content === undefined ? [] : [content]
  })
}

/**
 * Returns the contents of all nodes of that kind which run with the statement, itself included, outermost first. What the
 * statement only stores or shows is left out: bodies of functions, rules and views, PREPARE, EXPLAIN without ANALYZE.
 */
export function running<K extends NodeKind>(root: Node | null | undefined, kind: K): readonly NodeOf<K>[] {
  return collect(root, kind, isOnlyStored)
}

/** Returns the contents of all nodes of that kind in an expression, outermost first. */
export function within<K extends NodeKind>(root: Node | null | undefined, kind: K): readonly NodeOf<K>[] {
  return collect(root, kind, () => false)
}

/** Returns the words of a list of String nodes, as names with dots come. */
export function wordsOf(nodes: readonly Node[] | undefined): readonly string[] {
  return contentsOf(nodes, 'String').map(({ sval = '' }) => sval)
}

/** Returns an option of a list like `(ANALYZE, BUFFERS)`; undefined: it is not there. */
export function optionOf(options: readonly Node[] | undefined, name: string): DefElem | undefined {
  return contentsOf(options, 'DefElem').find(({ defname }) => defname === name)
}

/** Says whether an option of a list is there and not switched off. */
export function isOptionOn(options: readonly Node[] | undefined, name: string): boolean {
  const option = optionOf(options, name)
  if (option === undefined) return false
  const { arg } = option
  if (arg === undefined) return true
  const number = contentOf(arg, 'Integer')
  if (number !== undefined) return (number.ival ?? 0) !== 0
  const value = contentOf(arg, 'Boolean')?.boolval ?? contentOf(arg, 'String')?.sval ?? false
  return !['false', 'off', '0'].includes(String(value).toLowerCase())
}

function collect<K extends NodeKind>(
  root: unknown,
  kind: K,
  isClosed: (key: string, content: object) => boolean,
): readonly NodeOf<K>[] {
  if (typeof root !== 'object' || root === null) return []
  return Object.entries(root).flatMap(([key, content]: [string, unknown]) => {
    if (typeof content !== 'object' || content === null) return []
    const inside = isClosed(key, content) ? [] : collect(content, kind, isClosed)
    return key === kind ? [content as NodeOf<K>, ...inside] : inside
  })
}

const STORED: ReadonlySet<string> = new Set(['CreateFunctionStmt', 'RuleStmt', 'ViewStmt', 'PrepareStmt'])

function isOnlyStored(key: string, content: object): boolean {
  if (key === 'ExplainStmt') return !isOptionOn((content as NodeOf<'ExplainStmt'>).options, 'analyze')
  return STORED.has(key)
}
