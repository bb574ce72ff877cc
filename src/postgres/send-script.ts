import type { EventEmitter } from 'node:events'
import type { Client } from './connect.ts'

/**
 * Sends several statements as one message and tells of each that was completed, from 1. Rejects with the driver's own
 * error: the statement behind the last one that was completed failed.
 */
export async function sendScript(client: Client, script: string, onCompleted: (count: number) => void): Promise<void> {
  // node-postgres gathers the answers of a message and drops them when one of its statements fails; its connection,
  // which its types leave out, tells of each as it comes.
  const connection = Reflect.get(client, 'connection') as EventEmitter
  let count = 0
  const completed = () => onCompleted(++count)
  connection.on('commandComplete', completed)
  try {
    await client.query(script)
  } finally {
    connection.off('commandComplete', completed)
  }
}
