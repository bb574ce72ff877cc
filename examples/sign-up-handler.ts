/**
 * A sign-up that makes a database for each customer: `cd examples && node sign-up-handler.ts`.
 * It then signs three customers up by itself, one of them twice, and ends.
 */
import { createServer, type Server } from 'node:http'
import { type Fleet, FleetError, openFleet } from 'kysely-fleet'

/** Answers `POST /sign-up/<id>`: 201 when the customer's database is ready, 409 when there is one already. */
function signUpServer(fleet: Fleet): Server {
  return createServer(async (request, response) => {
    const id = /^\/sign-up\/([^/]+)$/.exec(request.url ?? '')?.[1]
    if (request.method !== 'POST' || id === undefined) return void response.writeHead(404).end()
    try {
      for await (const tenant of fleet.tenants.create([{ id, tags: { plan: 'trial' } }])) {
        response.writeHead(201).end(`${tenant.id} is ready at ${tenant.version}\n`)
      }
    } catch (error) {
      // The code is for programs, the message for people; anything else is a bug of ours, and not for customers.
      const isRefusal = error instanceof FleetError && ['TENANT_EXISTS', 'TENANT_ID_INVALID'].includes(error.code)
      if (!isRefusal) console.error(error)
      response.writeHead(isRefusal ? 409 : 500).end(isRefusal ? `${error.message}\n` : 'Please try again.\n')
    }
  })
}

const fleet = await openFleet()
const server = signUpServer(fleet)
try {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  const port = typeof address === 'object' ? address?.port : undefined
  // What an earlier run of this example left is put away first.
  for await (const { id } of fleet.tenants.list()) await fleet.tenants.delete([id])
  for (const id of ['acme', 'globex', 'acme', 'initech']) {
    const response = await fetch(`http://127.0.0.1:${port}/sign-up/${id}`, { method: 'POST' })
    console.log(response.status, (await response.text()).trim())
  }
} finally {
  server.close()
  await fleet.close()
}
