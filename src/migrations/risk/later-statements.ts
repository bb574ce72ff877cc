import type { RuleContext } from './rule.ts'
import type { Statement } from './statement.ts'
import { runsAlone } from './syntax/runs-alone.ts'

/** Returns the statements that are committed together with this one and come after it. */
export function laterInTransaction({ statements, index, inTransaction }: RuleContext): readonly Statement[] {
  if (!inTransaction) return []
  const later = statements.slice(index + 1)
  const commit = later.findIndex(({ node }) => runsAlone(node))
  return commit === -1 ? later : later.slice(0, commit)
}
