import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { chmod, chown, readlink, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import type { ConnectionDescriptor } from '../../src/model/connection.ts'
import { withClient } from '../../src/postgres/connect.ts'
import { quoteLiteral } from '../../src/postgres/identifiers.ts'
import { setup } from '../providers/embedded/setup.ts'
import { noPgbouncer, startPgbouncer } from '../support/pgbouncer.ts'
import { superuser } from '../support/test-server.ts'
import { type Certificate, startTlsRelay, trustedCertificate } from '../support/tls.ts'

const OPTIONS = { applicationName: 'test' }

/** Starts a server with TLS; returns it as one that is reached with a look at its certificate. */
async function startTlsServer({ key, cert }: Certificate): Promise<ConnectionDescriptor> {
  const project = await setup()
  const { dataDirectory, admin, release } = await project.use()
  const program = await readlink(`/proc/${await project.postmaster()}/exe`)
  // It refuses TLS, by its arguments.
  await release()
  await project.dead()
  const { uid, gid } = await stat(dataDirectory)
  for (const [name, text] of Object.entries({ 'server.key': key, 'server.crt': cert })) {
    const path = join(dataDirectory, name)
    await writeFile(path, text)
    await chown(path, uid, gid)
    await chmod(path, 0o600)
  }
  const settings = ['ssl=on', 'listen_addresses=127.0.0.1', `port=${admin.port}`, 'unix_socket_directories=']
  const args = ['-D', dataDirectory, ...settings.flatMap((it) => ['-c', it])]
  const isRoot = process.getuid?.() === 0
  const server = spawn(program, args, { cwd: '/', stdio: 'ignore', ...(isRoot ? { uid, gid } : {}) })
  const ended = once(server, 'exit')
  onTestFinished(async () => {
    server.kill('SIGQUIT')
    await ended
  })
  const to = { ...admin, host: 'localhost', tls: 'verify' } as const
  await expect.poll(() => usesTls(to), { timeout: 30_000 }).toBe(true)
  return to
}

async function usesTls(to: ConnectionDescriptor): Promise<boolean> {
  return withClient(to, OPTIONS, async (client) => {
    const { rows } = await client.query('select ssl from pg_stat_ssl where pid = pg_backend_pid()')
    return rows[0]?.ssl
  })
}

/** Through a relay that speaks TLS with a certificate which is accepted. */
async function relayed(to: ConnectionDescriptor): Promise<ConnectionDescriptor> {
  const relay = await startTlsRelay(await trustedCertificate(), { port: to.port, isTls: to.tls !== 'off' })
  onTestFinished(() => relay.stop())
  return { ...to, host: 'localhost', port: relay.port, tls: 'verify' }
}

test.skipIf(!existsSync('/proc/self/exe'))(
  'where the server speaks TLS, nobody with another certificate gets in between, though it is accepted',
  async () => {
    const to = await startTlsServer(await trustedCertificate())
    const between = await relayed(to)
    await expect(usesTls(between)).rejects.toMatchObject({
      code: 'AUTHENTICATION_FAILED',
      message: expect.stringContaining('channel binding'),
    })
    // Who does not look at the certificate takes what comes.
    expect(await usesTls({ ...between, tls: 'no-verify' })).toBe(true)
  },
)

test('where what speaks TLS passes on to a server that does not, one gets in', async () => {
  expect(await usesTls(await relayed(superuser()))).toBe(false)
})

test.skipIf(noPgbouncer)('PgBouncer is reached as before', async () => {
  const pooler = await startPgbouncer(superuser())
  onTestFinished(() => pooler.stop())
  const rows = await withClient(await relayed(pooler.through(superuser())), OPTIONS, (client) =>
    client.query(`select ${quoteLiteral('there')} as word`),
  )
  expect(rows.rows).toEqual([{ word: 'there' }])
})
