import { readFile } from 'node:fs/promises'
import type { Client } from '../../src/postgres/connect.ts'

interface CopyConnection {
  query(text: string): void
  sendCopyFromChunk(chunk: Buffer): void
  endCopyFrom(): void
}

/** Has the server read a file by COPY … FROM STDIN. */
export async function copyFrom(client: Client, statement: string, path: string): Promise<void> {
  const content = await readFile(path)
  await new Promise<void>((resolve, reject) => {
    client.query({
      submit: (connection: unknown) => (connection as CopyConnection).query(statement),
      handleCopyInResponse: (connection: CopyConnection) => {
        connection.sendCopyFromChunk(content)
        connection.endCopyFrom()
      },
      handleCommandComplete: () => {},
      handleError: reject,
      handleReadyForQuery: () => resolve(),
    } as never)
  })
}
