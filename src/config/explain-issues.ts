import type { z } from 'zod'

/** One thing that is wrong with a configuration. `path` says where, `message` what and what is allowed. */
export interface ConfigProblem {
  readonly path: readonly PropertyKey[]
  readonly message: string
}

/** Turns what zod found into problems: one for each place, with the path, the value and what is allowed there. */
export function explainIssues(issues: readonly z.core.$ZodIssue[], input: unknown): ConfigProblem[] {
  return issues.flatMap((issue): ConfigProblem[] => {
    if (issue.code === 'unrecognized_keys') {
      return issue.keys.map((key) => {
        const path = [...issue.path, key]
        return { path, message: `${formatPath(path)}: ${issue.message}` }
      })
    }
    if (issue.code === 'invalid_key') {
      return [
        {
          path: issue.path,
          message: `${formatPath(issue.path)}: is not a name: letters, digits, _ . and -, 40 at most.`,
        },
      ]
    }
    const value = valueAt(input, issue.path)
    const where = formatPath(issue.path) || 'the configuration'
    if (value === undefined) return [{ path: issue.path, message: `${where}${missing(issue.path)}` }]
    return [{ path: issue.path, message: `${where}: ${showValue(value, issue.path)}${issue.message}` }]
  })
}

/** Writes a path as one would in code: `rollout.waves[1].size`. */
export function formatPath(path: readonly PropertyKey[]): string {
  return path.reduce<string>((text, part) => {
    if (typeof part === 'number') return `${text}[${part}]`
    return text === '' ? String(part) : `${text}.${String(part)}`
  }, '')
}

function missing(path: readonly PropertyKey[]): string {
  return holdsUrl(path) ? ' is not set: is the environment variable that it is read from defined?' : ' is not set.'
}

function valueAt(input: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>((value, key) => (value as Record<PropertyKey, unknown> | undefined | null)?.[key], input)
}

/** Short values are shown, those that may hold a secret or say nothing by being shown are not. */
function showValue(value: unknown, path: readonly PropertyKey[]): string {
  if (holdsUrl(path)) return ''
  if (typeof value === 'function') return 'a function '
  const text = JSON.stringify(value) ?? String(value)
  return text.length <= 60 && !/:\/\//.test(text) ? `${text} ` : ''
}

function holdsUrl(path: readonly PropertyKey[]): boolean {
  return path.at(-1) === 'url' || path.at(-2) === 'servers' || path.includes('consoles')
}
