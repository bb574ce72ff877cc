import type { ConnectionDescriptor } from '../../model/connection.ts'
import type { Diagnosis } from '../../model/diagnosis.ts'
import { FleetError } from '../../model/errors.ts'
import { addressOfConsole, openConsole } from './console-session.ts'

type Finding = Omit<Diagnosis, 'subject'>

/** Looks at one PgBouncer: whether its console answers, and what its settings mean to clients that are made to wait. */
export async function diagnosePgbouncer(to: ConnectionDescriptor): Promise<readonly Finding[]> {
  try {
    return await look(to)
  } catch (error) {
    if (!(error instanceof FleetError)) throw error
    return [{ verdict: 'error', message: error.message, remedy: error.remedy }]
  }
}

async function look(to: ConnectionDescriptor): Promise<readonly Finding[]> {
  const name = `PgBouncer at ${addressOfConsole(to)}`
  const opened = await openConsole(to)
  try {
    const settings = await opened.settings()
    return [
      await pauseRight(),
      ...poolMode(settings.get('pool_mode')),
      ...loginRetry(settings.get('server_login_retry')),
    ]

    async function pauseRight(): Promise<Finding> {
      // Whoever may pause is told that this one cannot be; the others, that they may not.
      const answer = await opened.send('pause pgbouncer', { timeout: 5_000 }).then(
        () => '',
        (error: unknown) => (error instanceof Error ? error.message : String(error)),
      )
      if (!/admin access/.test(answer)) {
        const patience = settings.get('query_wait_timeout') ?? '?'
        const limit = patience === '0' ? 'for as long as it takes' : `for ${patience} s at most (query_wait_timeout)`
        return { verdict: 'ok', message: `${name}: "${to.user}" may pause; clients then wait ${limit}.` }
      }
      return {
        verdict: 'error',
        message: `${name}: "${to.user}" may look and not pause.`,
        remedy: `Add ${to.user} to \`admin_users\` in pgbouncer.ini, then RELOAD.`,
      }
    }
  } finally {
    await opened.close()
  }

  function poolMode(mode: string | undefined): readonly Finding[] {
    if (mode !== 'session') return []
    return [
      {
        verdict: 'warning',
        message: `${name}: pool_mode is session, so that no database is paused before its clients have left.`,
        remedy: 'Set pool_mode = transaction in pgbouncer.ini, for all or for the databases of tenants.',
      },
    ]
  }

  function loginRetry(seconds: string | undefined): readonly Finding[] {
    if (Number(seconds) <= 1) return []
    return [
      {
        verdict: 'warning',
        message: `${name}: the first client of a database that comes while it is paused waits up to ${seconds} s (server_login_retry).`,
        remedy: 'Set server_login_retry = 1 in pgbouncer.ini, then RELOAD.',
      },
    ]
  }
}
