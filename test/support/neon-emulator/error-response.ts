export interface ErrorFields {
  readonly severity: 'ERROR' | 'FATAL'
  readonly sqlstate: string
  readonly message: string
}

/** Writes an ErrorResponse as it goes over the wire, to who speaks before there is a server. */
export function writeErrorResponse({ severity, sqlstate, message }: ErrorFields): Buffer {
  const fields = Buffer.from(`S${severity}\0V${severity}\0C${sqlstate}\0M${message.replaceAll('\0', '')}\0\0`)
  const head = Buffer.from('E\0\0\0\0')
  head.writeInt32BE(4 + fields.length, 1)
  return Buffer.concat([head, fields])
}
