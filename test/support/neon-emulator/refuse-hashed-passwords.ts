import { quoteLiteral } from '../../../src/postgres/identifiers.ts'
import type { MessageHandler } from './message-stream.ts'
import { writeMessage } from './wire-messages.ts'

/**
 * What Neon answers to a statement that sets a password that is hashed already. Its frame stands in Neon's published source, as an
 * error without an SQLSTATE of its own, which is XX000; the sentence is known from third parties.
 */
export const PLAINTEXT_ONLY =
  'Received HTTP code 400 from control plane: Neon only supports being given plaintext passwords'

const HASHED = /password\s+E?'SCRAM-SHA-256\$/i
/** Fails where the statement would have: so the session's answers keep their order and its transaction fails, as on Neon. */
const FAILING = `do $fail$ begin raise exception using errcode = 'XX000', message = ${quoteLiteral(PLAINTEXT_ONLY)}; end $fail$`

/**
 * Puts a statement that fails in the place of one that sets a hashed password, in a simple query, with whatever else stands in
 * it, and in a Parse message. A statement has to be known whole before its first byte goes on; all other messages pass as they come.
 */
export const refuseHashedPasswords: MessageHandler = {
  wants: (type) => type === 'Q' || type === 'P',
  whole(type, message) {
    // Most messages, some of them large, are not looked at any further.
    if (!message.includes('SCRAM-SHA-256$') || !HASHED.test(message.toString('latin1'))) return message
    return type === 'Q'
      ? writeMessage(type, `${FAILING}\0`)
      : writeMessage(type, `${nameIn(message)}\0${FAILING}\0\0\0`)
  },
}

/** A Parse message begins with the name of the statement. */
function nameIn(parse: Buffer): string {
  return parse.toString('utf8', 5, parse.indexOf(0, 5))
}
