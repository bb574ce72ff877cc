import { randomBytes } from 'node:crypto'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { FleetError } from '../model/errors.ts'

const BYTES = 32

/**
 * Returns the key that passwords at rest are encrypted with: FLEET_SECRET_KEY, in base64; for the embedded server, whose
 * data is on this machine anyway, else a generated one in `.fleet/secret.key` (mode 0600).
 * @throws FleetError SECRET_KEY_MISSING, or CONFIG_INVALID when it is not 32 bytes
 */
export function readSecretKey({
  root,
  generate,
  env,
}: {
  root: string
  generate: boolean
  env: NodeJS.ProcessEnv
}): Buffer {
  const given = env.FLEET_SECRET_KEY
  if (given !== undefined && given !== '') return decode(given, 'FLEET_SECRET_KEY')
  if (!generate)
    throw new FleetError(
      'SECRET_KEY_MISSING',
      'FLEET_SECRET_KEY is not set: it encrypts the passwords that the catalog keeps.',
    )
  const file = join(root, '.fleet', 'secret.key')
  try {
    return decode(readFileSync(file, 'utf8').trim(), file)
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ENOENT')) throw error
  }
  mkdirSync(join(root, '.fleet'), { recursive: true })
  try {
    // Only one of two processes makes it; the other then reads that one.
    writeFileSync(file, `${randomBytes(BYTES).toString('base64')}\n`, { mode: 0o600, flag: 'wx' })
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error
  }
  return decode(readFileSync(file, 'utf8').trim(), file)
}

function decode(text: string, source: string): Buffer {
  const key = Buffer.from(text, 'base64')
  if (key.length === BYTES) return key
  throw new FleetError('CONFIG_INVALID', `${source} must be ${BYTES} bytes in base64; it has ${key.length}.`, {
    remedy: 'Make one: openssl rand -base64 32',
  })
}
