import { unknown } from './errors.ts'
import type { Branch, Endpoint, Project } from './model.ts'
import type { World } from './world.ts'

/** A request that passed the checks of all routes. */
export interface RouteRequest {
  /** Of the path. @throws Error when the path has none */
  readonly project: Project
  readonly branch: Branch
  readonly endpoint: Endpoint
  readonly path: Readonly<Record<string, string>>
  readonly query: Readonly<Record<string, unknown>>
  readonly body: unknown
}

export interface Answer {
  readonly status: number
  readonly body?: object
}

export interface Route {
  /** Whether it changes the project, which then has to be idle. */
  readonly mutates?: boolean
  /** Whether what the path names may be gone: then the answer is 204. */
  readonly mayBeGone?: boolean
  answer(world: World, request: RouteRequest): Promise<Answer> | Answer
}

/** Routes by the client's method. */
export type Routes = Readonly<Record<string, Route>>

/** @throws NeonError 501 for keys that the specification has and the emulator does not know what to do with */
export function knowOnly(object: object | undefined, keys: readonly string[]): void {
  for (const [key, value] of Object.entries(object ?? {})) {
    if (value !== undefined && !keys.includes(key)) throw unknown(`"${key}" is not emulated in this request`)
  }
}
