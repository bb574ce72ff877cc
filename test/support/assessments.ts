import type { MigrationAssessment } from '../../src/model/assessment.ts'
import type { Finding } from '../../src/model/finding.ts'

/** What is known of a migration that harms nobody. */
export const SAFE: MigrationAssessment = {
  kind: 'static',
  reasons: [],
  sqlChecksum: 'c',
  verdict: 'safe',
  findings: [],
  waived: [],
  unusedWaivers: [],
  restorePoint: false,
  tracedOn: 'PostgreSQL 18.4',
  notTraced: null,
}

/** A finding about `orders`, that asks for nothing unless told so. */
export function findingOf(facts: Partial<Finding>): Finding {
  return {
    rule: 'drop-column',
    class: 'advice',
    statement: 1,
    sql: 'select 1',
    line: null,
    message: 'm',
    help: null,
    table: 'orders',
    lock: 'ACCESS EXCLUSIVE',
    rewrite: false,
    scan: false,
    dataLoss: false,
    restorePoint: false,
    approval: false,
    refused: false,
    source: 'rule',
    ...facts,
  }
}
