import type { RuleContext } from './rule.ts'
import { contentOf, contentsOf, wordsOf } from './syntax/nodes.ts'
import type { TypeRef } from './syntax/types.ts'

/**
 * Says whether a type is a domain with a constraint, as far as the migration's earlier statements tell; undefined: they do not
 * mention it.
 */
export function isConstrainedDomain(name: string, { statements, index }: RuleContext): boolean | undefined {
  return statements
    .slice(0, index)
    .flatMap(({ node }) => {
      const domain = contentOf(node, 'CreateDomainStmt')
      if (wordsOf(domain?.domainname).at(-1) === name) return [hasConstraint(domain?.constraints)]
      const altered = contentOf(node, 'AlterDomainStmt')
      if (wordsOf(altered?.typeName).at(-1) === name && CONSTRAINING.has(altered?.subtype ?? '')) return [true]
      return isOtherType(node, name) ? [false] : []
    })
    .at(-1)
}

/** Says whether a type is one that PostgreSQL brings along. Those with a grammar of their own come qualified by the parser. */
export function isOwnTypeOfPostgres({ schema, name }: Pick<TypeRef, 'schema' | 'name'>): boolean {
  return schema === 'pg_catalog' || (schema === null && OWN.has(name))
}

/** ADD CONSTRAINT and SET NOT NULL. */
const CONSTRAINING: ReadonlySet<string> = new Set(['C', 'O'])

function hasConstraint(constraints: Parameters<typeof contentsOf>[0]): boolean {
  return contentsOf(constraints, 'Constraint').some(
    ({ contype }) => contype === 'CONSTR_CHECK' || contype === 'CONSTR_NOTNULL',
  )
}

function isOtherType(node: RuleContext['statements'][number]['node'], name: string): boolean {
  const words = contentOf(node, 'CreateEnumStmt')?.typeName ?? contentOf(node, 'CreateRangeStmt')?.typeName
  const composite = contentOf(node, 'CompositeTypeStmt')?.typevar?.relname
  return wordsOf(words).at(-1) === name || composite === name
}

const OWN: ReadonlySet<string> = new Set(
  `bool bytea char cidr box circle date float4 float8 inet int2 int4 int8 interval json jsonb jsonpath line lseg macaddr macaddr8
   money name numeric oid path pg_lsn pg_snapshot point polygon regclass regproc regrole regtype text time timestamp timestamptz
   timetz tsquery tsvector uuid varbit varchar bpchar bit xid xid8 xml int4range int8range numrange tsrange tstzrange daterange
   int4multirange int8multirange nummultirange tsmultirange tstzmultirange datemultirange`.split(/\s+/),
)
