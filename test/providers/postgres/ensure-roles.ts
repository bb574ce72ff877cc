import { inject } from 'vitest'
import { createLimitedAdmin } from '../../support/limited-admin.ts'

/** Makes the roles of all fleets: what a crash leaves is made before a provider has had a reason to make them. */
export async function ensureRoles(): Promise<void> {
  const { drop } = await createLimitedAdmin(inject('superuserUrl'))
  await drop()
}
