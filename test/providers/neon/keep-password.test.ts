import { beforeEach, describe, expect, test } from 'vitest'
import type { NeonPlacement } from '../../../src/model/neon-settings.ts'
import { Secret } from '../../../src/model/secret.ts'
import { withClient } from '../../../src/postgres/connect.ts'
import { quoteIdentifier, quoteLiteral } from '../../../src/postgres/identifiers.ts'
import { runFleet } from '../../support/fleet-process.ts'
import { needsEmulator } from '../../support/neon-emulator/test-emulator.ts'
import { superuser } from '../../support/test-server.ts'
import { setupNeonAccount } from './neon-account-for-test.ts'
import { setupNeonFleet } from './neon-fleet.ts'

beforeEach(needsEmulator)

const PLACEMENTS: readonly NeonPlacement[] = ['project-per-tenant', 'branch-per-tenant']
const NOTHING = { observe: async () => {}, prove: async () => {} }

/** What a restore at Neon may do to a role, and the emulator does not: its roles are those of the server. */
async function setPassword(role: string | null, password: string): Promise<void> {
  await withClient(superuser(), { applicationName: 'test' }, (client) =>
    client.query(`alter role ${quoteIdentifier(role ?? '')} password ${quoteLiteral(password)}`),
  )
}

describe.each(PLACEMENTS)('the password of an application, %s,', (placement) => {
  async function setup() {
    const account = await setupNeonAccount({}, placement)
    const { provider, mark } = account
    const tenant = await account.tenant('a')
    const pointMark = mark('restore-point', 'p1')
    const point = await provider.createRestorePoint(tenant, pointMark, NOTHING)
    const readPassword = async () => account.password
    const request = { placement: tenant, point, mark: pointMark, keptMark: mark('kept-state', 'k1'), readPassword }
    return { ...account, tenant, request }
  }

  test('is set anew where a restore has taken it back', async () => {
    const { provider, tenant, request, asApplication } = await setup()
    const restored = await provider.restore(request, () => setPassword(tenant.loginRole, 'an older one'))
    expect(await asApplication(restored.placement, 'select 1 as one')).toEqual([{ one: 1 }])
  })

  test('that somebody has changed stays theirs', async () => {
    const { provider, tenant, request, asApplication } = await setup()
    await setPassword(tenant.loginRole, 'theirs')
    const { placement: restored } = await provider.restore(request, async () => {})
    await expect(asApplication(restored, 'select 1')).rejects.toMatchObject({ code: 'AUTHENTICATION_FAILED' })
    const owner = await provider.connect(restored)
    const application = { ...owner, user: tenant.loginRole ?? '', password: new Secret('theirs') }
    await withClient(application, { applicationName: 'app' }, (client) => client.query('select 1'))
  })

  test('is set anew by the run that goes on where a restore was killed', async () => {
    const { fleet, create, asApplication, root, env } = await setupNeonFleet({}, {}, { placement })
    await create(['a'])
    await fleet.restorePoints.create('a')
    const restore = ['restore', 'a', '--yes', '--accept-data-loss']
    const killed = await runFleet(restore, { root, env: { ...env, FLEET_FAILPOINT: 'restore.swapped' } })
    expect(killed.code).toBe('SIGKILL')
    const { placement: at } = await fleet.tenants.show('a')
    await setPassword(at?.loginRole ?? null, 'an older one')
    expect(await runFleet(restore, { root, env })).toMatchObject({ code: 0 })
    expect((await asApplication('a', (client) => client.query('select 1 as one'))).rows).toEqual([{ one: 1 }])
  })
})
