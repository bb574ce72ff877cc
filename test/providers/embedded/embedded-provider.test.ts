import { expect, test } from 'vitest'
import { withClient } from '../../../src/postgres/connect.ts'
import { createEmbeddedProvider } from '../../../src/providers/embedded/embedded-provider.ts'
import { setup } from './setup.ts'

test('serves databases from the embedded server, describes it, and gives it back when closed', async () => {
  const project = await setup()
  const provider = await createEmbeddedProvider({ directory: project.directory })
  expect(provider).toMatchObject({ kind: 'embedded', servers: ['embedded'] })
  expect(await provider.capabilities()).toMatchObject({ servers: [{ server: 'embedded', superuser: true }] })

  const catalog = await provider.ensureCatalogDatabase('acme')
  const { rows } = await withClient(catalog, { applicationName: 'fleet/test' }, (client) =>
    client.query('select 1 as one'),
  )
  expect(rows).toEqual([{ one: 1 }])

  const diagnoses = await provider.diagnose()
  expect(diagnoses.filter((it) => it.verdict === 'error')).toEqual([])
  expect(diagnoses[0]).toMatchObject({
    subject: 'embedded server',
    message: expect.stringContaining(`127.0.0.1:${catalog.port}`),
  })

  await provider.close()
  await provider.close()
  expect(await project.isAlive()).toBe(false)
})
