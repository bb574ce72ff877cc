import { createCipheriv, createDecipheriv, createHash, randomBytes } from 'node:crypto'

/** Encrypts small secrets at rest with AES-256-GCM. The id of the key stands in each text, so that keys can be rotated. */
export interface SecretBox {
  seal(clear: string): string
  /** @throws WrongKeyError when the text was sealed with another key */
  open(sealed: string): string
}

/** The text was sealed with another key than the one at hand. */
export class WrongKeyError extends Error {
  override readonly name = 'WrongKeyError'
}

/** Makes a box from a key of 32 bytes. */
export function secretBox(key: Buffer): SecretBox {
  const keyId = createHash('sha256').update(key).digest('hex').slice(0, 8)
  return {
    seal: (clear) => {
      const iv = randomBytes(12)
      const cipher = createCipheriv('aes-256-gcm', key, iv)
      const text = Buffer.concat([cipher.update(clear, 'utf8'), cipher.final()])
      return ['v1', keyId, ...[iv, cipher.getAuthTag(), text].map((it) => it.toString('base64url'))].join('.')
    },
    open: (sealed) => {
      const [version, sealedWith, iv = '', tag = '', text = ''] = sealed.split('.')
      if (version !== 'v1' || sealedWith !== keyId)
        throw new WrongKeyError(`Sealed with key ${sealedWith}, not ${keyId}.`)
      const decipher = createDecipheriv('aes-256-gcm', key, Buffer.from(iv, 'base64url'))
      decipher.setAuthTag(Buffer.from(tag, 'base64url'))
      return Buffer.concat([decipher.update(Buffer.from(text, 'base64url')), decipher.final()]).toString('utf8')
    },
  }
}
