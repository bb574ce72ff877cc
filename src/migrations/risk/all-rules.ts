import type { Rule } from './rule.ts'
import { addCheckConstraint } from './rules/add-check-constraint.ts'
import { addColumnConstrainedDomain } from './rules/add-column-constrained-domain.ts'
import { addColumnIdentity } from './rules/add-column-identity.ts'
import { addColumnSerial } from './rules/add-column-serial.ts'
import { addColumnStoredGenerated } from './rules/add-column-stored-generated.ts'
import { addColumnUnknownDefault } from './rules/add-column-unknown-default.ts'
import { addColumnVolatileDefault } from './rules/add-column-volatile-default.ts'
import { addExclusionConstraint } from './rules/add-exclusion-constraint.ts'
import { addForeignKey } from './rules/add-foreign-key.ts'
import { addPrimaryKey } from './rules/add-primary-key.ts'
import { addRequiredColumn } from './rules/add-required-column.ts'
import { addUniqueConstraint } from './rules/add-unique-constraint.ts'
import { alterDomainAddConstraint } from './rules/alter-domain-add-constraint.ts'
import { attachPartition } from './rules/attach-partition.ts'
import { backfillInMigration } from './rules/backfill-in-migration.ts'
import { briefExclusiveLock } from './rules/brief-exclusive-lock.ts'
import { changeColumnType } from './rules/change-column-type.ts'
import { changeColumnTypeMetadataOnly } from './rules/change-column-type-metadata-only.ts'
import { combineAlterTable } from './rules/combine-alter-table.ts'
import { concurrentlyInTransaction } from './rules/concurrently-in-transaction.ts'
import { constraintUsingIndex } from './rules/constraint-using-index.ts'
import { createIndexBlocking } from './rules/create-index-blocking.ts'
import { createPartitionOf } from './rules/create-partition-of.ts'
import { createTrigger } from './rules/create-trigger.ts'
import { deleteAllRows } from './rules/delete-all-rows.ts'
import { deleteRows } from './rules/delete-rows.ts'
import { detachPartitionBlocking } from './rules/detach-partition-blocking.ts'
import { disableRowSecurity } from './rules/disable-row-security.ts'
import { disableTrigger } from './rules/disable-trigger.ts'
import { dropCascade } from './rules/drop-cascade.ts'
import { dropColumn } from './rules/drop-column.ts'
import { dropConstraint } from './rules/drop-constraint.ts'
import { dropDatabase } from './rules/drop-database.ts'
import { dropExpression } from './rules/drop-expression.ts'
import { dropExtensionCascade } from './rules/drop-extension-cascade.ts'
import { dropFunction } from './rules/drop-function.ts'
import { dropIndexBlocking } from './rules/drop-index-blocking.ts'
import { dropMaterializedView } from './rules/drop-materialized-view.ts'
import { dropNotNull } from './rules/drop-not-null.ts'
import { dropOwned } from './rules/drop-owned.ts'
import { dropPolicy } from './rules/drop-policy.ts'
import { dropSchema } from './rules/drop-schema.ts'
import { dropSequence } from './rules/drop-sequence.ts'
import { dropTable } from './rules/drop-table.ts'
import { dropTrigger } from './rules/drop-trigger.ts'
import { dropTypeCascade } from './rules/drop-type-cascade.ts'
import { dropView } from './rules/drop-view.ts'
import { dynamicMigration } from './rules/dynamic-migration.ts'
import { enumAddValue } from './rules/enum-add-value.ts'
import { explicitLock } from './rules/explicit-lock.ts'
import { foreignKeyLocksReferenced } from './rules/foreign-key-locks-referenced.ts'
import { invalidIndexRetry } from './rules/invalid-index-retry.ts'
import { lossyTypeChange } from './rules/lossy-type-change.ts'
import { mergeModifiesRows } from './rules/merge-modifies-rows.ts'
import { needsData } from './rules/needs-data.ts'
import { notTraced } from './rules/not-traced.ts'
import { notTransactional } from './rules/not-transactional.ts'
import { opaqueCode } from './rules/opaque-code.ts'
import { parameterInDdl } from './rules/parameter-in-ddl.ts'
import { refreshMatviewBlocking } from './rules/refresh-matview-blocking.ts'
import { reindexBlocking } from './rules/reindex-blocking.ts'
import { renameColumn } from './rules/rename-column.ts'
import { renameEnumValue } from './rules/rename-enum-value.ts'
import { renameSchema } from './rules/rename-schema.ts'
import { renameTable } from './rules/rename-table.ts'
import { renameType } from './rules/rename-type.ts'
import { renameView } from './rules/rename-view.ts'
import { sequenceReset } from './rules/sequence-reset.ts'
import { setAccessMethod } from './rules/set-access-method.ts'
import { setExpression } from './rules/set-expression.ts'
import { setLogged } from './rules/set-logged.ts'
import { setNotNull } from './rules/set-not-null.ts'
import { setSchema } from './rules/set-schema.ts'
import { setTablespace } from './rules/set-tablespace.ts'
import { setUnlogged } from './rules/set-unlogged.ts'
import { statementsAfterExclusiveLock } from './rules/statements-after-exclusive-lock.ts'
import { tracedLoss } from './rules/traced-loss.ts'
import { tracedRewrite } from './rules/traced-rewrite.ts'
import { tracedScan } from './rules/traced-scan.ts'
import { transactionControl } from './rules/transaction-control.ts'
import { triggerChangesRows } from './rules/trigger-changes-rows.ts'
import { truncate } from './rules/truncate.ts'
import { uniqueMayFail } from './rules/unique-may-fail.ts'
import { unparsableSql } from './rules/unparsable-sql.ts'
import { updateAllRows } from './rules/update-all-rows.ts'
import { updateRows } from './rules/update-rows.ts'
import { upsertOverwrites } from './rules/upsert-overwrites.ts'
import { vacuumFullCluster } from './rules/vacuum-full-cluster.ts'
import { validateConstraint } from './rules/validate-constraint.ts'
import { validateInSameTransaction } from './rules/validate-in-same-transaction.ts'

/** Every rule there is, by id. */
export const ALL_RULES: readonly Rule[] = [
  addCheckConstraint,
  addColumnConstrainedDomain,
  addColumnIdentity,
  addColumnSerial,
  addColumnStoredGenerated,
  addColumnUnknownDefault,
  addColumnVolatileDefault,
  addExclusionConstraint,
  addForeignKey,
  addPrimaryKey,
  addRequiredColumn,
  addUniqueConstraint,
  alterDomainAddConstraint,
  attachPartition,
  backfillInMigration,
  briefExclusiveLock,
  changeColumnType,
  changeColumnTypeMetadataOnly,
  combineAlterTable,
  concurrentlyInTransaction,
  constraintUsingIndex,
  createIndexBlocking,
  createPartitionOf,
  createTrigger,
  deleteAllRows,
  deleteRows,
  detachPartitionBlocking,
  disableRowSecurity,
  disableTrigger,
  dropCascade,
  dropColumn,
  dropConstraint,
  dropDatabase,
  dropExpression,
  dropExtensionCascade,
  dropFunction,
  dropIndexBlocking,
  dropMaterializedView,
  dropNotNull,
  dropOwned,
  dropPolicy,
  dropSchema,
  dropSequence,
  dropTable,
  dropTrigger,
  dropTypeCascade,
  dropView,
  dynamicMigration,
  enumAddValue,
  explicitLock,
  foreignKeyLocksReferenced,
  invalidIndexRetry,
  lossyTypeChange,
  mergeModifiesRows,
  needsData,
  notTraced,
  notTransactional,
  opaqueCode,
  parameterInDdl,
  refreshMatviewBlocking,
  reindexBlocking,
  renameColumn,
  renameEnumValue,
  renameSchema,
  renameTable,
  renameType,
  renameView,
  sequenceReset,
  setAccessMethod,
  setExpression,
  setLogged,
  setNotNull,
  setSchema,
  setTablespace,
  setUnlogged,
  statementsAfterExclusiveLock,
  tracedLoss,
  tracedRewrite,
  tracedScan,
  transactionControl,
  triggerChangesRows,
  truncate,
  uniqueMayFail,
  unparsableSql,
  updateAllRows,
  updateRows,
  upsertOverwrites,
  vacuumFullCluster,
  validateConstraint,
  validateInSameTransaction,
]
