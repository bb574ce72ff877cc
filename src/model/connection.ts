import type { Secret } from './secret.ts'

/** `verify` checks certificate and host name; `no-verify` only encrypts. */
export type Tls = 'off' | 'verify' | 'no-verify'

/** Where a database is, without any secret: may be stored and printed. */
export interface Address {
  /** Host name, address, or the directory of a Unix socket. */
  readonly host: string
  readonly port: number
  readonly database: string
  readonly user: string
  readonly tls: Tls
}

/** All that is needed to connect to one database. */
export interface ConnectionDescriptor extends Address {
  readonly password: Secret | undefined
  /** Of a server that sleeps while nobody uses it, and that connecting wakes. */
  readonly waking?: {
    /** How long that may take, in milliseconds. */
    readonly patience: number
    /** The SQLSTATE that a refusal in the server's own words stands for: 57P03 while it is not awake yet; undefined: none. */
    readonly meaningOf: (refusal: unknown) => string | undefined
  }
}
