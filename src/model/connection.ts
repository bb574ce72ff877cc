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
    /** How long connecting may take, in milliseconds. */
    readonly patience: number
    /** What a refusal in the server's own words stands for; undefined: it is none of those. */
    readonly meaningOf: (refusal: unknown) => WakingRefusal | undefined
  }
}

/** That a server which sleeps does not let somebody in. */
export interface WakingRefusal {
  /** What PostgreSQL would say: 57P03 while it is not awake yet. */
  readonly sqlstate: string
  /** For how long it is tried again, in milliseconds; 0: not at all. */
  readonly patience: number
}
