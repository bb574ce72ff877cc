import { createHash } from 'node:crypto'

/** Returns the SHA-256 of a file's bytes in hex; CRLF counts as LF, so that a checkout on another system does not change it. */
export function checksum(bytes: Uint8Array): string {
  // latin1 maps every byte to one character and back: nothing but the line ends is touched, whatever the encoding.
  const text = Buffer.from(bytes).toString('latin1').replaceAll('\r\n', '\n')
  return createHash('sha256').update(text, 'latin1').digest('hex')
}
