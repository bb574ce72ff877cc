/** What a client says first, before anything has a type byte. Source: PostgreSQL's documentation, "Message Formats". */
export type FirstPacket =
  | { readonly kind: 'incomplete' }
  /** SSLRequest or GSSENCRequest: answered with one byte, after which the client begins anew. */
  | { readonly kind: 'encryption'; readonly rest: Buffer }
  /** With the key of another session in it, which only its server understands. */
  | { readonly kind: 'cancel'; readonly packet: Buffer }
  | { readonly kind: 'startup'; readonly message: StartupMessage; readonly rest: Buffer }
  | { readonly kind: 'invalid' }

export interface StartupMessage {
  /** 0x00030000 for 3.0, 0x00030002 for 3.2. */
  readonly version: number
  readonly parameters: ReadonlyMap<string, string>
}

const CANCEL_REQUEST = 80_877_102
const SSL_REQUEST = 80_877_103
const GSSENC_REQUEST = 80_877_104
/** The server's own limit. */
const LONGEST = 10_000

/** Reads the first packet from what has arrived so far. `rest` is what follows it. */
export function readFirstPacket(bytes: Buffer): FirstPacket {
  if (bytes.length < 4) return { kind: 'incomplete' }
  const length = bytes.readInt32BE(0)
  if (length < 8 || length > LONGEST) return { kind: 'invalid' }
  if (bytes.length < length) return { kind: 'incomplete' }
  const packet = bytes.subarray(0, length)
  const rest = bytes.subarray(length)
  const code = packet.readInt32BE(4)
  if (code === SSL_REQUEST || code === GSSENC_REQUEST) return { kind: 'encryption', rest }
  if (code === CANCEL_REQUEST) return { kind: 'cancel', packet }
  const parameters = code >> 16 === 3 ? readParameters(packet.toString('utf8', 8)) : undefined
  if (parameters === undefined) return { kind: 'invalid' }
  return { kind: 'startup', message: { version: code, parameters }, rest }
}

/** Writes a startup message as it goes over the wire. */
export function writeStartupMessage({ version, parameters }: StartupMessage): Buffer {
  const text = [...parameters].map(([name, value]) => `${name}\0${value}\0`).join('')
  const body = Buffer.from(`${text}\0`)
  const head = Buffer.alloc(8)
  head.writeInt32BE(head.length + body.length, 0)
  head.writeInt32BE(version, 4)
  return Buffer.concat([head, body])
}

/** Writes a request to cancel what the session with this process and secret is doing. */
export function writeCancelRequest(key: Buffer): Buffer {
  const head = Buffer.alloc(8)
  head.writeInt32BE(head.length + key.length, 0)
  head.writeInt32BE(CANCEL_REQUEST, 4)
  return Buffer.concat([head, key])
}

/** Returns the message with other values for some of its parameters; those that it did not have are added. */
export function withParameters(message: StartupMessage, values: Readonly<Record<string, string>>): StartupMessage {
  return { ...message, parameters: new Map([...message.parameters, ...Object.entries(values)]) }
}

/** Names and values end with a zero byte each, the list with one more. Undefined: it is not such a list. */
function readParameters(text: string): ReadonlyMap<string, string> | undefined {
  const parts = text.split('\0')
  if (parts.pop() !== '' || parts.pop() !== '' || parts.length % 2 !== 0) return undefined
  const parameters = new Map<string, string>()
  for (let i = 0; i < parts.length; i += 2) parameters.set(parts[i] ?? '', parts[i + 1] ?? '')
  return parameters
}
