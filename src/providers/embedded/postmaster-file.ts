/** What a server writes of itself into `postmaster.pid`. */
export interface PostmasterFile {
  readonly pid: number
  readonly port: number
  readonly status: 'starting' | 'ready' | 'stopping'
}

/** Reads the text of a `postmaster.pid`; undefined while it is not whole. */
export function parsePostmasterFile(text: string): PostmasterFile | undefined {
  // pid, data directory, start time, port, socket directory, address, shared memory, status
  const [pid, , , port, , , , status] = text.split('\n').map((line) => line.trim())
  if (!Number(pid) || !Number(port)) return undefined
  return {
    pid: Number(pid),
    port: Number(port),
    status: status === 'ready' ? 'ready' : status === 'stopping' ? 'stopping' : 'starting',
  }
}
