import { notFound } from '../errors.ts'
import { presentOperation } from '../present.ts'
import type { Routes } from '../route.ts'

export const operationRoutes: Routes = {
  getProjectOperation: {
    answer: (_world, { project, path }) => {
      const operation = project.operations.find((it) => it.id === path.operation_id)
      if (!operation) throw notFound('operation')
      return { status: 200, body: { operation: presentOperation(operation) } }
    },
  },
  /** The newest first. */
  listProjectOperations: {
    answer: (_world, { project, query }) => {
      const newestFirst = project.operations.toReversed()
      const { limit = newestFirst.length, cursor } = query as { limit?: number; cursor?: string }
      const first = cursor === undefined ? 0 : newestFirst.findIndex((it) => it.id === cursor) + 1
      const page = newestFirst.slice(first, first + limit)
      const last = page.at(-1)
      return {
        status: 200,
        body: { operations: page.map(presentOperation), ...(last && { pagination: { cursor: last.id } }) },
      }
    },
  },
}
