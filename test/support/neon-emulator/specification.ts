import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { Ajv, type ValidateFunction } from 'ajv'
import addFormats from 'ajv-formats'
import { parse } from 'yaml'

type Json = Readonly<Record<string, unknown>>

interface Parameter {
  readonly name: string
  readonly in: string
  readonly required: boolean
  readonly schema: Json
}

/** One operation of the specification. */
export interface SpecifiedCall {
  /** The method of the client that calls it. */
  readonly call: string
  readonly method: string
  /** With the names of its parameters in braces. */
  readonly route: string
  readonly pathPattern: RegExp
  readonly pathNames: readonly string[]
  /** What is wrong with the parameters; query parameters are given as they were read: text. */
  checkParameters(path: Readonly<Record<string, string>>, query: Readonly<Record<string, unknown>>): readonly string[]
  /** What is wrong with the body, unknown keys included. */
  checkBody(body: unknown): readonly string[]
  /** What is wrong with an answer, unknown keys included. */
  checkAnswer(status: number, body: unknown): readonly string[]
  /** Which query parameters are numbers or truth values. */
  readonly queryTypes: ReadonlyMap<string, string>
}

const METHODS = ['get', 'post', 'patch', 'put', 'delete']

let loaded: Specification | undefined

/** Reads the specification once: it takes about a second. */
export function neonSpecification(): Specification {
  loaded ??= new Specification()
  return loaded
}

/** Neon's API specification, as it comes with its client. */
export class Specification {
  readonly calls: readonly SpecifiedCall[]
  readonly #document: Json
  readonly #ajv: Ajv

  constructor() {
    const file = createRequire(import.meta.url).resolve('@neondatabase/api-client/public-v2-for-users.gen.yaml')
    this.#document = parse(readFileSync(file, 'utf8'), { uniqueKeys: false, prettyErrors: false }) as Json
    // OpenAPI's own words (`example`, `discriminator`, `x-...`) are no part of JSON Schema.
    this.#ajv = new Ajv({ strict: false, allErrors: true })
    addFormats.default(this.#ajv)
    this.calls = Object.entries(this.#document.paths as Record<string, Json>).flatMap(([route, item]) =>
      METHODS.filter((method) => item[method]).map((method) => this.#readCall(route, method, item)),
    )
  }

  /** The operation that this request is for. */
  find(
    method: string,
    path: string,
  ): { readonly call: SpecifiedCall; readonly path: Record<string, string> } | undefined {
    let best: { call: SpecifiedCall; path: Record<string, string> } | undefined
    for (const call of this.calls) {
      const match = call.method === method ? call.pathPattern.exec(path) : null
      if (!match) continue
      const values = match.slice(1).map(decodeURIComponent)
      const found = { call, path: Object.fromEntries(call.pathNames.map((name, index) => [name, values[index] ?? ''])) }
      // `/branches/count` is no branch.
      if (!best || call.pathNames.length < best.call.pathNames.length) best = found
    }
    return best
  }

  #readCall(route: string, method: string, item: Json): SpecifiedCall {
    const operation = item[method] as Json
    const parameters = [...((item.parameters as Json[]) ?? []), ...((operation.parameters as Json[]) ?? [])]
      .map((it) => this.#resolve(it) as unknown as Parameter)
      .map((it) => ({ ...it, schema: this.#flatten(it.schema) as Json }))
    const content = this.#contentOf(operation.requestBody)
    const isBodyRequired = (this.#resolve(operation.requestBody as Json)?.required as boolean) ?? false
    const responses = operation.responses as Record<string, Json>
    const validators = new Map<string, ValidateFunction>()
    const check = (key: string, schema: () => unknown, value: unknown, options: object = {}) => {
      const validate = validators.get(key) ?? this.#ajv.compile({ ...(schema() as object), ...options })
      validators.set(key, validate)
      return validate(value) ? [] : (validate.errors ?? []).map(describe)
    }
    const schemaFor = (where: string) => () => {
      const those = parameters.filter((it) => it.in === where)
      return {
        type: 'object',
        additionalProperties: false,
        required: those.filter((it) => it.required).map((it) => it.name),
        properties: Object.fromEntries(those.map((it) => [it.name, it.schema])),
      }
    }
    return {
      call: methodOf(operation.operationId as string),
      method: method.toUpperCase(),
      route,
      pathNames: [...route.matchAll(/\{([^}]*)\}/g)].map(([, name = '']) => name),
      pathPattern: new RegExp(`^${route.replaceAll(/\{[^}]*\}/g, '([^/]+)')}$`),
      queryTypes: new Map(parameters.filter((it) => it.in === 'query').map((it) => [it.name, String(it.schema.type)])),
      checkParameters: (path, query) => [
        ...check('path', schemaFor('path'), path),
        ...check('query', schemaFor('query'), query),
      ],
      checkBody: (body) => {
        if (body === undefined) return isBodyRequired ? ['a body is required'] : []
        return content ? check('body', () => this.#flatten(content), body) : ['there may be no body']
      },
      checkAnswer: (status, body) => {
        const response = responses[status] ?? responses.default
        const schema = response && this.#contentOf(response)
        if (status < 400 && !responses[status]) return [`no answer ${status} is specified`]
        if (!schema) return body === undefined ? [] : ['there may be no body']
        return check(`answer ${responses[status] ? status : 'default'}`, () => this.#flatten(schema), body)
      },
    }
  }

  #contentOf(holder: unknown): Json | undefined {
    const resolved = this.#resolve(holder as Json | undefined)
    return (resolved?.content as Record<string, Json> | undefined)?.['application/json']?.schema as Json | undefined
  }

  #resolve(value: Json | undefined): Json | undefined {
    if (typeof value?.$ref !== 'string') return value
    const target = value.$ref
      .slice(2)
      .split('/')
      .reduce<unknown>((at, key) => (at as Json)[key], this.#document)
    return this.#resolve(target as Json)
  }

  /** One schema without references, where `allOf` is merged, so that an object can refuse keys that it does not name. */
  #flatten(value: unknown): unknown {
    if (Array.isArray(value)) return value.map((it) => this.#flatten(it))
    if (typeof value !== 'object' || value === null) return value
    // Beside a reference everything else is to be ignored, says OpenAPI 3.0.
    const resolved = this.#resolve(value as Json) as Json
    const { allOf, example: _, examples: __, default: ___, discriminator: ____, ...own } = resolved
    const flat: Record<string, unknown> = {}
    for (const [key, it] of Object.entries(own)) {
      flat[key] = key === 'properties' ? mapValues(it as Json, (schema) => this.#flatten(schema)) : this.#flatten(it)
    }
    const merged = ((allOf as Json[]) ?? []).map((it) => this.#flatten(it) as Json).reduce(merge, flat)
    if (merged.properties && merged.additionalProperties === undefined)
      return { ...merged, additionalProperties: false }
    return merged
  }
}

function merge(one: Json, other: Json): Json {
  const { additionalProperties: _, properties: ownProperties, required: ownRequired, ...own } = one
  const { additionalProperties: __, properties, required, ...more } = other
  const all = { ...(properties as Json), ...(ownProperties as Json) }
  return {
    ...more,
    ...own,
    ...(Object.keys(all).length > 0 ? { properties: all } : {}),
    required: [...((ownRequired as string[]) ?? []), ...((required as string[]) ?? [])],
  }
}

function mapValues(object: Json, change: (value: unknown) => unknown): Json {
  return Object.fromEntries(Object.entries(object).map(([key, value]) => [key, change(value)]))
}

/** The client writes acronyms as words: `getConnectionURI` is `getConnectionUri`. */
function methodOf(operationId: string): string {
  return operationId.replaceAll(/[A-Z]{2,}(?=[A-Z][a-z]|$)/g, (word) => `${word[0]}${word.slice(1).toLowerCase()}`)
}

function describe({ instancePath, message, params }: NonNullable<ValidateFunction['errors']>[number]): string {
  const key = (params as { additionalProperty?: string }).additionalProperty
  return `${instancePath || 'it'} ${message}${key ? `: ${key}` : ''}`
}
