import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { Ajv } from 'ajv'
import formatsPlugin from 'ajv-formats'
import { parse } from 'yaml'

interface Schema {
  readonly $ref?: string
  readonly allOf?: readonly Schema[]
  readonly oneOf?: readonly Schema[]
  readonly anyOf?: readonly Schema[]
  readonly type?: string
  readonly nullable?: boolean
  readonly enum?: readonly unknown[]
  readonly format?: string
  readonly pattern?: string
  readonly minimum?: number
  readonly items?: Schema
  readonly required?: readonly string[]
  readonly properties?: Readonly<Record<string, Schema>>
  readonly additionalProperties?: boolean | Schema
}

interface Parameter {
  readonly $ref?: string
  readonly name: string
  readonly in: 'path' | 'query'
  readonly required?: boolean
  readonly schema: Schema
}

interface Response {
  readonly $ref?: string
  readonly content?: { readonly 'application/json'?: { readonly schema: Schema } }
}

interface RequestBody {
  readonly $ref?: string
  readonly content: { readonly 'application/json': { readonly schema: Schema } }
}

interface Operation {
  readonly parameters?: readonly Parameter[]
  readonly requestBody?: RequestBody
  readonly responses: Readonly<Record<string, Response>>
}

interface Specification {
  readonly paths: Readonly<Record<string, { readonly parameters?: readonly Parameter[] } & Record<string, Operation>>>
}

// As it lies in the client's package: it is proprietary, and no part of this repository.
const file = createRequire(import.meta.url).resolve('@neondatabase/api-client/public-v2-for-users.gen.yaml')
const specification: Specification = parse(readFileSync(file, 'utf8'))

const ajv = new Ajv({ strict: false, coerceTypes: false, allErrors: true })
formatsPlugin.default(ajv)

/** What the specification says of one route. */
export interface Route {
  /** Returns what is wrong with a request, in words; empty: nothing. */
  faultsOf(request: { readonly url: URL; readonly body: unknown }): string[]
  /** Makes an answer of success, with all that it may have, or with nothing but what it must have. */
  answer(only: 'required' | 'everything'): { readonly status: number; readonly body: unknown }
}

/** Finds the route of a request; undefined: there is none. */
export function routeOfRequest(method: string, pathname: string): Route | undefined {
  for (const [path, item] of Object.entries(specification.paths)) {
    const operation = item[method.toLowerCase()]
    const names = [...path.matchAll(/\{(\w+)\}/g)].map(([, name = '']) => name)
    const match = new RegExp(`^/api/v2${path.replaceAll(/\{\w+\}/g, '([^/]+)')}$`).exec(pathname)
    if (!operation || !match) continue
    const parameters = [...(item.parameters ?? []), ...(operation.parameters ?? [])].map((it) => resolve(it))
    const ofPath = Object.fromEntries(names.map((name, index) => [name, decodeURIComponent(match[index + 1] ?? '')]))
    return {
      faultsOf: ({ url, body }) => [
        ...parametersFaults(parameters, 'path', ofPath),
        ...parametersFaults(parameters, 'query', Object.fromEntries(url.searchParams)),
        ...bodyFaults(operation, body),
      ],
      answer(only) {
        const [status = '', response] = Object.entries(operation.responses).find(([code]) => code.startsWith('2')) ?? []
        const schema = response && resolve(response).content?.['application/json']?.schema
        if (!schema) throw new Error(`${method} ${path} answers nothing.`)
        const body = sampleOf(closed(schema, false), only === 'everything')
        const faults = faultsOfValue(closed(schema, false), body)
        if (faults.length > 0) throw new Error(`A sample is wrong: ${faults.join('; ')}`)
        return { status: Number(status), body }
      },
    }
  }
  return undefined
}

function parametersFaults(parameters: readonly Parameter[], where: string, values: Record<string, string>): string[] {
  const known = parameters.filter((it) => it.in === where)
  const properties = Object.fromEntries(known.map(({ name, schema }) => [name, closed(schema, false)]))
  const typed = Object.entries(values).map(([name, text]) => {
    const type = properties[name]?.type
    return [name, type === 'integer' || type === 'boolean' ? JSON.parse(text) : text]
  })
  const required = known.filter((it) => it.required).map(({ name }) => name)
  const schema = { type: 'object', properties, required, additionalProperties: false }
  return faultsOfValue(schema, Object.fromEntries(typed))
}

function bodyFaults({ requestBody }: Operation, body: unknown): string[] {
  if (!requestBody) return body === '' ? [] : ['a body is sent']
  return faultsOfValue(closed(resolve(requestBody).content['application/json'].schema, true), body)
}

function faultsOfValue(schema: Schema, value: unknown): string[] {
  const validate = ajv.compile(schema)
  validate(value)
  return (validate.errors ?? []).map((it) => `${it.instancePath} ${it.message} ${JSON.stringify(it.params)}`)
}

/** Follows a reference. */
function resolve<T extends { readonly $ref?: string }>(it: T): T {
  if (it.$ref === undefined) return it
  const parts = it.$ref.replace('#/', '').split('/')
  return resolve(parts.reduce((at: unknown, part) => Reflect.get(Object(at), part), specification) as T)
}

/** Returns a schema without references and `allOf`; with `strict`, what it does not name is refused. */
function closed(reference: Schema, strict: boolean): Schema {
  const schema = resolve(reference)
  const parts = (schema.allOf ?? []).map((it) => closed(it, strict))
  const own = Object.entries(schema.properties ?? {}).map(([name, it]) => [name, closed(it, strict)] as const)
  const properties = Object.assign({}, ...parts.map((it) => it.properties ?? {}), Object.fromEntries(own))
  const required = [...parts.flatMap((it) => it.required ?? []), ...(schema.required ?? [])]
  const { allOf: _, ...rest } = schema
  const isObject = Object.keys(properties).length > 0
  return {
    ...Object.assign({}, ...parts),
    ...rest,
    ...(isObject ? { type: 'object', properties, required } : {}),
    ...(isObject && strict ? { additionalProperties: schema.additionalProperties ?? false } : {}),
    ...(schema.items ? { items: closed(schema.items, strict) } : {}),
    ...(schema.oneOf ? { oneOf: schema.oneOf.map((it) => closed(it, strict)) } : {}),
    ...(schema.anyOf ? { anyOf: schema.anyOf.map((it) => closed(it, strict)) } : {}),
    ...(typeof schema.additionalProperties === 'object'
      ? { additionalProperties: closed(schema.additionalProperties, strict) }
      : {}),
  }
}

const TEXTS: Readonly<Record<string, string>> = {
  'date-time': '2026-08-01T10:00:00Z',
  uuid: '00000000-0000-4000-8000-000000000000',
  uri: 'postgres://r:p@h/d',
  email: 'a@b.example',
}

function sampleOf(schema: Schema, everything: boolean): unknown {
  const choice = schema.oneOf?.[0] ?? schema.anyOf?.[0]
  if (choice) return sampleOf(choice, everything)
  if (schema.enum) return schema.enum[0]
  switch (schema.type) {
    case 'object': {
      const named = Object.entries(schema.properties ?? {})
      const taken = named.filter(([name]) => everything || schema.required?.includes(name))
      const more = schema.additionalProperties
      const added = everything && typeof more === 'object' ? [['an-id', sampleOf(more, everything)]] : []
      return Object.fromEntries([...taken.map(([name, it]) => [name, sampleOf(it, everything)]), ...added])
    }
    case 'array':
      return schema.items ? [sampleOf(schema.items, everything)] : []
    case 'integer':
    case 'number':
      return schema.minimum ?? 1
    case 'boolean':
      return true
    default:
      return TEXTS[schema.format ?? ''] ?? 'an-id'
  }
}
