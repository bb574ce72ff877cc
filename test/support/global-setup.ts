import { join } from 'node:path'
import type { TestProject } from 'vitest/node'
import { startContainerServer } from './container-server.ts'
import { startEmbeddedServer } from './embedded-test-server.ts'
import { createLimitedAdmin } from './limited-admin.ts'

declare module 'vitest' {
  interface ProvidedContext {
    /** URL of a superuser of the server under test. */
    superuserUrl: string
    /** URL of the admin that the fleet is given; the superuser, or a limited role with FLEET_TEST_ADMIN=limited. */
    adminUrl: string
  }
}

/** A server for one test run; `stop` gives it back. */
export interface RunServer {
  /** Of a superuser. */
  readonly url: string
  stop(): Promise<void>
}

/** Provides the server that FLEET_TEST_SERVER names and the admin that FLEET_TEST_ADMIN names, for the whole run. */
export async function setup(project: TestProject): Promise<() => Promise<void>> {
  // Tests start the program some hundred times: compiled once, it starts in two thirds of the time.
  process.env.NODE_COMPILE_CACHE ??= join(import.meta.dirname, '../../node_modules/.cache/node-compile')
  const server = await startServer(process.env.FLEET_TEST_SERVER ?? 'embedded')
  try {
    const admin = await chooseAdmin(process.env.FLEET_TEST_ADMIN ?? 'superuser', server.url)
    project.provide('superuserUrl', server.url)
    project.provide('adminUrl', admin.url)
    return async () => {
      await admin.drop()
      await server.stop()
    }
  } catch (error) {
    await server.stop()
    throw error
  }
}

async function startServer(server: string): Promise<RunServer> {
  if (/^postgres(ql)?:\/\//.test(server)) return { url: server, stop: async () => {} }
  if (server === 'embedded') return startEmbeddedServer()
  if (server === 'testcontainers') return startContainerServer(process.env.FLEET_TEST_IMAGE ?? 'postgres:18-alpine')
  throw new Error('FLEET_TEST_SERVER must be embedded, testcontainers, or the postgres:// URL of a superuser.')
}

async function chooseAdmin(admin: string, superuserUrl: string): Promise<{ url: string; drop(): Promise<void> }> {
  if (admin === 'superuser') return { url: superuserUrl, drop: async () => {} }
  if (admin === 'limited') return createLimitedAdmin(superuserUrl)
  throw new Error('FLEET_TEST_ADMIN must be superuser or limited.')
}
