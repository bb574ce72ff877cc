import { ADD_COLUMN_CASES, COLUMNS_CASES } from './cases/columns.ts'
import { CONSTRAINTS_CASES, INDEXES_CASES } from './cases/constraints.ts'
import { CODE_CASES, DATA_CASES } from './cases/data.ts'
import { OTHERS_CASES } from './cases/others.ts'
import type { RiskCase } from './cases/risk-case.ts'
import { PARTITIONS_CASES, TABLES_CASES } from './cases/tables.ts'
import { TRAPS_CASES } from './cases/traps.ts'
import { HELD_CASES, TRIGGERS_CASES, VIEWS_CASES } from './cases/triggers.ts'
import { TYPES_CASES } from './cases/types.ts'

/** Migrations with the truth that PostgreSQL 18 shows, traps among them. */
export const CASES: readonly RiskCase[] = [
  ...TABLES_CASES,
  ...ADD_COLUMN_CASES,
  ...COLUMNS_CASES,
  ...TYPES_CASES,
  ...CONSTRAINTS_CASES,
  ...INDEXES_CASES,
  ...DATA_CASES,
  ...CODE_CASES,
  ...PARTITIONS_CASES,
  ...OTHERS_CASES,
  ...TRAPS_CASES,
  ...TRIGGERS_CASES,
  ...VIEWS_CASES,
  ...HELD_CASES,
]
