import { randomInt } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:net'

/** Below the ports that systems give to outgoing connections, so that it is likely to be free the next time too. */
const FROM = 20_000
const TO = 30_000

/** Returns a port of 127.0.0.1 on which nobody listens: the preferred one if it is free, else any. */
export async function freePort(preferred: number | undefined): Promise<number> {
  let port = preferred ?? randomInt(FROM, TO)
  while (!(await isFree(port))) port = randomInt(FROM, TO)
  return port
}

async function isFree(port: number): Promise<boolean> {
  const server = createServer()
  try {
    server.listen({ port, host: '127.0.0.1', exclusive: true })
    await once(server, 'listening')
    return true
  } catch {
    return false
  } finally {
    server.close()
  }
}
