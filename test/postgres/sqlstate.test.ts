import { expect, test } from 'vitest'
import { openClient } from '../../src/postgres/connect.ts'
import { classifySqlstate, type SqlstateClass, sqlstateOf } from '../../src/postgres/sqlstate.ts'
import { superuser } from '../support/test-server.ts'

/** Every row of the table in DESIGN.md 5.8, and the neighbours that must not be taken for it. */
const ROWS: readonly (readonly [sqlstate: string, cls: SqlstateClass, name: string])[] = [
  ['55P03', 'error', 'lock_not_available'],
  ['40P01', 'error', 'deadlock_detected'],
  ['40001', 'error', 'serialization_failure'],
  ['08000', 'error', 'connection_exception'],
  ['08001', 'error', 'sqlclient_unable_to_establish_sqlconnection'],
  ['08003', 'error', 'connection_does_not_exist'],
  ['08004', 'error', 'sqlserver_rejected_establishment_of_sqlconnection'],
  ['08006', 'error', 'connection_failure'],
  ['08P01', 'error', 'protocol_violation'],
  ['57P01', 'error', 'admin_shutdown'],
  ['57P02', 'error', 'crash_shutdown'],
  ['57P03', 'error', 'cannot_connect_now'],
  ['53300', 'error', 'too_many_connections'],
  ['55006', 'error', 'object_in_use'],
  ['55000', 'error', 'object_not_in_prerequisite_state'],
  ['KF001', 'failure', 'history moved'],
  ['KF002', 'busy', 'the lock is held'],
  ['KF003', 'done', 'already there'],
  ['P0001', 'failure', 'raise_exception'],
  ['57014', 'failure', 'query_canceled by statement_timeout'],
  ['23502', 'failure', 'not_null_violation'],
  ['23503', 'failure', 'foreign_key_violation'],
  ['23505', 'failure', 'unique_violation'],
  ['23514', 'failure', 'check_violation'],
  ['42601', 'failure', 'syntax_error'],
  ['42703', 'failure', 'undefined_column'],
  ['42P01', 'failure', 'undefined_table'],
  ['42P07', 'failure', 'duplicate_table'],
  ['22001', 'failure', 'string_data_right_truncation'],
  ['0A000', 'failure', 'feature_not_supported'],
  ['40002', 'failure', 'transaction_integrity_constraint_violation'],
  ['57P04', 'failure', 'database_dropped'],
  ['XX000', 'failure', 'internal_error'],
  ['53000', 'server', 'insufficient_resources'],
  ['53100', 'server', 'disk_full'],
  ['25006', 'server', 'read_only_sql_transaction'],
  ['42501', 'rights', 'insufficient_privilege'],
]
test.each(ROWS)('%s is %s (%s)', (sqlstate, cls) => {
  expect(classifySqlstate(sqlstate)).toBe(cls)
})

const withCode = (code: string) => Object.assign(new Error('no matter'), { code })
test.each([
  ['an error of the server', withCode('42P01'), '42P01'],
  ['a refused connection', withCode('ECONNREFUSED'), '08006'],
  ['a broken pipe, which looks like an SQLSTATE', withCode('EPIPE'), '08006'],
  ['an error of the system, which looks like an SQLSTATE', withCode('EPERM'), undefined],
  ['a connection that ended', new Error('Connection terminated unexpectedly'), '08006'],
  ['a connection that took too long', new Error('timeout expired'), '08006'],
  ['several addresses that refused', new AggregateError([withCode('ECONNREFUSED'), withCode('EHOSTUNREACH')]), '08006'],
  ['a mistake of ours', new TypeError('x is not a function'), undefined],
  ['something that is no error', 'text', undefined],
])('%s has its SQLSTATE', (_, error, expected) => {
  expect(sqlstateOf(error)).toBe(expected)
})

test('what the driver really throws has its SQLSTATE', async () => {
  const refused = await openClient({ ...superuser(), host: '127.0.0.1', port: 1 }, { applicationName: 'x' }).catch(
    sqlstateOf,
  )
  expect(refused).toBe('08006')
  const client = await openClient(superuser(), { applicationName: 'fleet/test' })
  expect(await client.query('select from nowhere').catch(sqlstateOf)).toBe('42P01')
  const killer = await openClient(superuser(), { applicationName: 'fleet/test' })
  const { rows } = await client.query<{ pid: number }>('select pg_backend_pid() as pid')
  const sleeping = client.query('select pg_sleep(60)').catch(sqlstateOf)
  await killer.query('select pg_terminate_backend($1, 5000)', [rows[0]?.pid])
  expect(await sleeping).toBe('57P01')
  expect(await client.query('select 1').catch(sqlstateOf)).toBe('08006')
  await killer.end()
})
