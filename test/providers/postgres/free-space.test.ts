import { stat, statfs } from 'node:fs/promises'
import { expect, inject, test } from 'vitest'
import { withClient } from '../../../src/postgres/connect.ts'
import { parseConnectionString } from '../../../src/postgres/connection-string.ts'
import { freeSpace } from '../../../src/providers/postgres/free-space.ts'
import { createLimitedAdmin } from '../../support/limited-admin.ts'
import { superuser } from '../../support/test-server.ts'

const freeFor = (admin: ReturnType<typeof superuser>) =>
  withClient(admin, { applicationName: 'test' }, (client) => freeSpace(client, { admin }))

test('what is free is read where the data directory is on this machine, and nowhere else', async () => {
  const path = await withClient(superuser(), { applicationName: 'test' }, async (client) => {
    const { rows } = await client.query<{ path: string }>(`select current_setting('data_directory') as path`)
    return rows[0]?.path ?? ''
  })
  const isHere = await stat(path).then(
    () => true,
    () => false,
  )
  const free = await freeFor(superuser())
  if (!isHere) return expect(free).toBeNull()
  const { bavail, bsize } = await statfs(path)
  // Others write meanwhile.
  expect(free).toBeGreaterThan(bavail * bsize * 0.8)
  expect(free).toBeLessThan(bavail * bsize * 1.2)
})

test('it is not read for a host that is another machine', async () => {
  const far = { admin: { ...superuser(), host: 'db.example' } }
  expect(await withClient(superuser(), { applicationName: 'test' }, (client) => freeSpace(client, far))).toBeNull()
})

test('an admin who may not look into the data directory does not know', async () => {
  const { url, drop } = await createLimitedAdmin(inject('superuserUrl'))
  try {
    expect(await freeFor(parseConnectionString(url))).toBeNull()
  } finally {
    await drop()
  }
})
