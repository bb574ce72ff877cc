import { execFile } from 'node:child_process'
import { chmod, mkdir, rm, statfs, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, onTestFinished, test } from 'vitest'
import { parseConfig } from '../../src/config/parse-config.ts'
import { openFleet } from '../../src/fleet/open-fleet.ts'
import type { ConnectionDescriptor } from '../../src/model/connection.ts'
import { type Client, withClient } from '../../src/postgres/connect.ts'
import { parseConnectionString } from '../../src/postgres/connection-string.ts'
import { createEmbeddedProvider } from '../../src/providers/embedded/embedded-provider.ts'
import { useEmbeddedServer } from '../../src/providers/embedded/embedded-server.ts'
import { makeTestDirectory } from '../support/test-directory.ts'

const run = promisify(execFile)

/** Makes an XFS file system of 3 GB in a file and mounts it; or says why that cannot be done here. */
async function mountXfs(): Promise<{ readonly folder: string } | { readonly problem: string }> {
  if (process.getuid?.() !== 0) return { problem: 'only root may mount a file system' }
  const directory = await makeTestDirectory()
  const [image, folder] = [join(directory, 'image'), join(directory, 'xfs')]
  let isMounted = false
  onTestFinished(async () => {
    if (isMounted) await run('umount', [folder])
    await rm(directory, { recursive: true, force: true })
  })
  try {
    await run('truncate', ['--size=3G', image])
    await run('mkfs.xfs', ['-q', '-m', 'reflink=1', image])
    await mkdir(folder)
    await run('mount', ['-o', 'loop', image, folder])
    isMounted = true
    // As root, the server runs as nobody and has to pass through.
    await chmod(folder, 0o711)
    return { folder }
  } catch (error) {
    return { problem: `no XFS file system can be made here: ${(error as Error).message.split('\n')[0]}` }
  }
}

/**
 * Returns what a probe finds, and leaves it remembered. It goes by time, so that on a busy machine copying by reference may look
 * no faster than copying: a no is forgotten and asked again.
 */
async function probe(superuser: ConnectionDescriptor, directory: string): Promise<string | undefined> {
  const provider = await createEmbeddedProvider({ directory })
  try {
    await withClient(superuser, { applicationName: 'test' }, (client) =>
      client.query('create role fleet_owner nologin; create role fleet_app nologin'),
    )
    for (let tries = 1; ; tries += 1) {
      const [found] = (await provider.capabilities({ probe: true })).servers
      if (found?.clone === 'yes' || tries === 10) return found?.clone
      await withClient(superuser, { applicationName: 'test' }, (client) =>
        client.query('comment on role fleet_owner is null'),
      )
    }
  } finally {
    await provider.close()
  }
}

test('on a file system with reflinks, a large tenant is copied by reference, and comes back whole', async ({
  skip,
}) => {
  const xfs = await mountXfs()
  if ('problem' in xfs) return skip(xfs.problem)
  const root = join(xfs.folder, 'project')
  await mkdir(join(root, 'migrations'), { recursive: true })
  await writeFile(join(root, 'package.json'), '{ "type": "module" }')
  await writeFile(
    join(root, 'migrations', '0001_items.ts'),
    "import { sql } from 'kysely'\nexport async function up(db: any) { await sql`create table items (id int, text text)`.execute(db) }\n",
  )
  const server = await useEmbeddedServer({ directory: join(root, '.fleet') })
  onTestFinished(() => server.release())
  expect(await probe(server.admin, join(root, '.fleet'))).toBe('yes')

  const fleet = await openFleet(parseConfig({ name: 'reflink' }, { root }))
  onTestFinished(() => fleet.close())
  for await (const _ of fleet.tenants.create([{ id: 'acme' }]));
  const inTenant = async <T>(use: (client: Client) => Promise<T>) =>
    withClient(
      parseConnectionString(await fleet.tenants.url('acme', { reveal: true })),
      { applicationName: 'application' },
      use,
    )
  const checksum = () =>
    inTenant(async (client) => {
      const { rows } = await client.query(
        'select count(*)::int as n, md5(string_agg(text, null order by id)) from items',
      )
      return rows[0]
    })
  await inTenant((client) =>
    client.query(`insert into items select n, repeat(md5(n::text), 30) from generate_series(1, 200000) n`),
  )
  const before = await checksum()
  const used = async () => {
    const { blocks, bfree, bsize } = await statfs(xfs.folder)
    return (blocks - bfree) * bsize
  }
  await withClient(server.admin, { applicationName: 'test' }, (client) => client.query('checkpoint'))
  const usedBefore = await used()
  const plan = await fleet.restorePoints.create('acme')
  expect(plan.bytes).toBeGreaterThan(200_000_000)
  expect((await used()) - usedBefore).toBeLessThan((plan.bytes ?? 0) / 4)

  await inTenant((client) => client.query('delete from items'))
  await fleet.restore('acme', { acceptDataLoss: true })
  expect(await checksum()).toEqual(before)
})
