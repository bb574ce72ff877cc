import { useEmbeddedServer } from '../../../src/providers/embedded/embedded-server.ts'

// A process of its own that uses the server of the directory in its argument until it is told to end on stdin.
const [, , directory = ''] = process.argv
const server = await useEmbeddedServer({ directory })
process.send?.({ started: server.started, port: server.admin.port })
process.once('message', () => {
  server.release().then(
    () => process.disconnect?.(),
    (error: unknown) => {
      throw error
    },
  )
})
