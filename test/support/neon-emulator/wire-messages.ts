export interface WireMessage {
  readonly type: string
  /** What follows the length. */
  readonly body: Buffer
  /** All of it. */
  readonly bytes: Buffer
}

/** Takes a whole message apart. */
export function readMessage(bytes: Buffer): WireMessage {
  return { type: bytes.toString('latin1', 0, 1), body: bytes.subarray(5), bytes }
}

/** Writes a message: a type byte, the length of what follows with itself, the body. */
export function writeMessage(type: string, ...body: readonly (Buffer | string | number)[]): Buffer {
  const parts = body.map((part) => (typeof part === 'number' ? int32(part) : Buffer.from(part)))
  const length = 4 + parts.reduce((sum, part) => sum + part.length, 0)
  return Buffer.concat([Buffer.from(type, 'latin1'), int32(length), ...parts])
}

export interface ErrorFields {
  readonly severity: 'ERROR' | 'FATAL'
  readonly sqlstate: string
  readonly message: string
}

/** Writes an ErrorResponse, to who speaks before there is a server. */
export function writeErrorResponse({ severity, sqlstate, message }: ErrorFields): Buffer {
  return writeMessage('E', `S${severity}\0V${severity}\0C${sqlstate}\0M${message.replaceAll('\0', '')}\0\0`)
}

function int32(number: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeInt32BE(number)
  return bytes
}
