import { randomBytes, randomUUID } from 'node:crypto'
import type { Clock } from '../../src/lib/clock.ts'
import { secretBox } from '../../src/lib/secret-box.ts'
import type { ConnectionDescriptor } from '../../src/model/connection.ts'
import type { Mark, MarkKind } from '../../src/model/mark.ts'
import type { NeonSettings } from '../../src/model/neon-settings.ts'
import { Secret } from '../../src/model/secret.ts'
import type { Placement } from '../../src/model/tenant.ts'
import { withClient } from '../../src/postgres/connect.ts'
import type { RestorePointRef } from '../../src/providers/copying-provider.ts'
import { createMarker } from '../../src/providers/neon/create-marker.ts'
import { createNeonApi } from '../../src/providers/neon/create-neon-api.ts'
import { deleteTenantProject } from '../../src/providers/neon/delete-project.ts'
import { createNeonAccount, type NeonAccount } from '../../src/providers/neon/neon-account.ts'
import type { NeonApi, NeonOperations } from '../../src/providers/neon/neon-api.ts'
import { connectionTo } from '../../src/providers/neon/own-server.ts'
import { createTenantProject } from '../../src/providers/neon/tenant-project.ts'

/** A tenant's project that the check makes as the provider does, and deletes. */
export class ThrowAwayProject {
  readonly account: NeonAccount
  readonly api: NeonApi
  readonly clock: Clock
  readonly tenantMark: Mark
  readonly password = new Secret(randomBytes(24).toString('base64url'))
  /** When a search found the project, in words. */
  found = 'it was not made'
  readonly #catalogId = randomUUID()
  #making: Promise<unknown> | undefined
  #projectId: string | null = null
  #isOver = false

  constructor(settings: NeonSettings, clock: Clock) {
    const api = createNeonApi({ ...settings, clock })
    this.clock = clock
    this.tenantMark = this.mark('tenant', 'throwaway')
    this.api = {
      ...api,
      createProject: async (project) => {
        if (this.#isOver) throw new Error('It is not made any more.')
        const making = api.createProject(project)
        this.#making = making
        const created = await making
        this.#projectId = created.project.id
        console.log(`  project ${created.project.id} "${project.name}"`)
        this.found = await this.#search(project.name)
        return created
      },
    }
    this.account = createNeonAccount({
      api: this.api,
      settings,
      box: secretBox(randomBytes(32)),
      clock,
      closures: undefined,
    })
  }

  mark(kind: MarkKind, key: string): Mark {
    return { fleet: 'live-check', catalogId: this.#catalogId, kind, key }
  }

  create(): Promise<Placement> {
    const spec = { server: 'neon', template: null, extensions: [], mark: this.tenantMark, password: this.password }
    return createTenantProject(spec, this.account)
  }

  /** As the owner, or as the application with its password. */
  connection(placement: Placement, password?: Secret): ConnectionDescriptor {
    const owner = connectionTo(placement, this.account)
    return password && placement.loginRole ? { ...owner, user: placement.loginRole, password } : owner
  }

  async query(to: ConnectionDescriptor, sql: string): Promise<readonly Record<string, unknown>[]> {
    return withClient(to, { applicationName: 'live-check' }, async (client) => (await client.query(sql)).rows)
  }

  /** Changes the project, and waits until all that this began has ended. */
  change<T extends NeonOperations>(mutation: () => Promise<T>): Promise<T> {
    return this.account.change(this.#projectId ?? '', 'The project was not changed', mutation)
  }

  /** Makes a restore point as the provider does, and says how long it took. */
  async restorePoint(placement: Placement, key: string): Promise<RestorePointRef> {
    const looks = { observe: async () => {}, prove: async () => {} }
    const since = this.clock.now().getTime()
    const made = await createMarker(placement, this.mark('restore-point', key), looks, this.account)
    console.log(`  restore point ${key} in ${secondsSince(since, this.clock)}`)
    return made
  }

  /** Deletes the project, whatever was made of it. One that is gone is fine. */
  async delete(): Promise<void> {
    // Whoever is interrupted before it is made makes none; while it is made, deletes it too.
    this.#isOver = true
    if (this.#making === undefined) return
    await this.#making.catch(() => {})
    const projectId = this.#projectId
    if (projectId !== null) {
      const branches = await this.api.listBranches(projectId).catch(() => [])
      for (const { id } of branches.filter(({ isProtected }) => isProtected)) {
        await this.change(() => this.api.updateBranch(projectId, id, { isProtected: false }))
      }
      // Made by this very process: nothing has to prove that it is ours.
      await this.api.deleteProject(projectId)
    } else {
      await deleteTenantProject({ databaseId: null }, this.tenantMark, this.account)
    }
  }

  async #search(name: string): Promise<string> {
    const since = this.clock.now().getTime()
    for (let tries = 1; ; tries++) {
      for await (const { projects } of this.account.projects(name)) {
        if (projects.some((it) => it.name === name))
          return tries === 1 ? 'at once' : `after ${secondsSince(since, this.clock)}`
      }
      if (this.clock.now().getTime() - since > SEARCHED_MS) return `not within ${SEARCHED_MS / 1000} s`
      await this.clock.sleep(500)
    }
  }
}

const SEARCHED_MS = 30_000

/** Writes how long something took. */
export function secondsSince(since: number, clock: Clock): string {
  return `${((clock.now().getTime() - since) / 1000).toFixed(1)} s`
}
