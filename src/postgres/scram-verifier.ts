import { createHash, createHmac, pbkdf2, randomBytes } from 'node:crypto'
import { promisify } from 'node:util'
import type { Secret } from '../model/secret.ts'

/** What PostgreSQL itself uses. The passwords are random and long, so that more rounds would protect nothing. */
const ITERATIONS = 4096
const derive = promisify(pbkdf2)

/**
 * Computes what PostgreSQL stores of a password (RFC 5802 and 7677): sent in place of it, the clear password never
 * reaches the server, nor its log.
 * @throws TypeError for a password that is empty or not printable ASCII: clients disagree on how to normalise others
 */
export async function scramVerifier(password: Secret, salt: Buffer = randomBytes(16)): Promise<string> {
  const clear = password.reveal()
  if (!/^[\x20-\x7e]+$/.test(clear)) throw new TypeError('A password must be printable ASCII, and not empty.')
  const salted = await derive(clear, salt, ITERATIONS, 32, 'sha256')
  const hmac = (text: string) => createHmac('sha256', salted).update(text).digest()
  const storedKey = createHash('sha256').update(hmac('Client Key')).digest('base64')
  const serverKey = hmac('Server Key').toString('base64')
  return `SCRAM-SHA-256$${ITERATIONS}:${salt.toString('base64')}$${storedKey}:${serverKey}`
}
