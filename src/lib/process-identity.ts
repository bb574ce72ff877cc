import { readFileSync, readlinkSync } from 'node:fs'
import { hostname } from 'node:os'

/** Names a running process so that another one on the same machine can tell whether it is still there. */
export interface DriverIdentity {
  readonly host: string
  readonly pid: number
  /** Boot of the machine and process namespace: only within them does a pid mean anything. Null where unknown. */
  readonly scope: string | null
  /** When the process was started, in the system's own ticks: tells apart two processes with the same pid. */
  readonly startedAt: string | null
}

/** Returns the identity of this process. */
export function thisProcess(): DriverIdentity {
  return { host: hostname(), pid: process.pid, scope: readScope(), startedAt: readStart(process.pid) }
}

/** Says for certain that a process has ended; false when it runs or when that cannot be known from here. */
export function isProvenDead(identity: DriverIdentity): boolean {
  if (identity.host !== hostname() || identity.scope === null || identity.scope !== readScope()) return false
  try {
    process.kill(identity.pid, 0)
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'ESRCH'
  }
  const startedAt = readStart(identity.pid)
  return startedAt !== null && identity.startedAt !== null && startedAt !== identity.startedAt
}

/** Prints an identity: `pid 4711 on host`. */
export function describeProcess({ host, pid }: DriverIdentity): string {
  return `pid ${pid} on ${host}`
}

// Linux only. Elsewhere the lease's time alone decides.
function readScope(): string | null {
  try {
    return `${readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()} ${readlinkSync('/proc/self/ns/pid')}`
  } catch {
    return null
  }
}

function readStart(pid: number): string | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    // Field 22; the second field may hold spaces, so count from its closing bracket.
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? null
  } catch {
    return null
  }
}
