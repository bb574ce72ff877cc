import { createHash, createHmac, randomBytes, timingSafeEqual } from 'node:crypto'

/** What a server stores of a password (RFC 5802, RFC 7677): `SCRAM-SHA-256$<rounds>:<salt>$<stored key>:<server key>`. */
export interface ScramSecret {
  readonly rounds: number
  /** Base64. */
  readonly salt: string
  readonly storedKey: Buffer
  readonly serverKey: Buffer
}

/** Reads pg_authid.rolpassword; undefined: it is no such secret. */
export function readScramSecret(text: string): ScramSecret | undefined {
  const [, rounds, salt, storedKey, serverKey] = /^SCRAM-SHA-256\$(\d+):([^$]+)\$([^:]+):(.+)$/.exec(text) ?? []
  if (rounds === undefined || salt === undefined || storedKey === undefined || serverKey === undefined) return undefined
  const decode = (base64: string) => Buffer.from(base64, 'base64')
  return { rounds: Number(rounds), salt, storedKey: decode(storedKey), serverKey: decode(serverKey) }
}

/** The key that a client shows to have, from which a pooler can log in as that client with the same secret elsewhere. */
export type ClientKey = Buffer

/** The server's side of a login. */
export interface ScramCheck {
  /** What the server says to the client's first message. */
  readonly serverFirst: string
  /** Checks the client's last message. Undefined: the password is wrong. */
  finish(clientFinal: string): { readonly clientKey: ClientKey; readonly serverFinal: string } | undefined
}

/** Begins the server's side with the client's first message; undefined: it is none without channel binding. */
export function checkLogin(secret: ScramSecret, clientFirst: string): ScramCheck | undefined {
  const [, header, bare, clientNonce] = /^([ny],,)(n=[^,]*,r=([^,]+))$/.exec(clientFirst) ?? []
  if (header === undefined || bare === undefined) return undefined
  const nonce = `${clientNonce}${newNonce()}`
  const serverFirst = `r=${nonce},s=${secret.salt},i=${secret.rounds}`
  return {
    serverFirst,
    finish(clientFinal) {
      const [, unproven, proof] = /^(.+),p=([^,]+)$/.exec(clientFinal) ?? []
      const expected = `c=${Buffer.from(header).toString('base64')},r=${nonce}`
      if (unproven !== expected || proof === undefined) return undefined
      const authMessage = `${bare},${serverFirst},${unproven}`
      const clientKey = xor(Buffer.from(proof, 'base64'), hmac(secret.storedKey, authMessage))
      if (!timingSafeEqual(sha256(clientKey), secret.storedKey)) return undefined
      return { clientKey, serverFinal: `v=${hmac(secret.serverKey, authMessage).toString('base64')}` }
    },
  }
}

/** The client's side of a login with a key instead of a password. */
export interface ScramLogin {
  readonly clientFirst: string
  /** Answers the server's first message. */
  finish(serverFirst: string): string
}

export function loginWithKey(clientKey: ClientKey): ScramLogin {
  const bare = `n=,r=${newNonce()}`
  return {
    clientFirst: `n,,${bare}`,
    finish(serverFirst) {
      const unproven = `c=${Buffer.from('n,,').toString('base64')},r=${/^r=([^,]+)/.exec(serverFirst)?.[1]}`
      const signature = hmac(sha256(clientKey), `${bare},${serverFirst},${unproven}`)
      return `${unproven},p=${xor(clientKey, signature).toString('base64')}`
    },
  }
}

function newNonce(): string {
  return randomBytes(18).toString('base64')
}

function hmac(key: Buffer, text: string): Buffer {
  return createHmac('sha256', key).update(text).digest()
}

function sha256(bytes: Buffer): Buffer {
  return createHash('sha256').update(bytes).digest()
}

/** Of the length of the second; one that is shorter counts as followed by zeros. */
function xor(a: Buffer, b: Buffer): Buffer {
  return Buffer.from(b.map((byte, i) => byte ^ (a[i] ?? 0)))
}
