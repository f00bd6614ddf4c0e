import { readFile } from 'node:fs/promises'
import t from 'tap'
import { generateOpenApi } from '../../src/openapi.ts'
import { buildTestApp } from '../support/app.ts'

interface Schema {
  $ref?: string
  type?: string | string[]
  properties?: Record<string, Schema>
  items?: Schema
  enum?: unknown[]
  required?: string[]
  default?: unknown
  example?: unknown
  examples?: unknown[]
}

type Content = Record<string, { schema: Schema; example?: unknown; examples?: unknown }>

interface Operation {
  operationId?: string
  summary?: string
  description?: string
  tags?: string[]
  security?: object[]
  parameters?: { name: string; description?: string; required?: boolean; schema: Schema }[]
  requestBody?: { content: Content; required?: boolean }
  responses: Record<string, { description?: string; content?: Content }>
}

interface Document {
  openapi: string
  paths: Record<string, Record<string, Operation>>
  components: { schemas: Partial<Record<string, Schema>> }
}

const committed = async () =>
  JSON.parse(await readFile(new URL('../../openapi/openapi.json', import.meta.url), 'utf8')) as Document

t.test('the committed document is the one that the code generates and the service answers', async (t) => {
  const app = await buildTestApp(t)
  const response = await app.inject({ url: '/openapi.json' })
  t.equal(response.statusCode, 200)
  t.strictSame(response.json(), await committed())
  t.strictSame(JSON.parse(JSON.stringify(await generateOpenApi())), await committed())
})

t.test('the document has every operation of the contract with its statuses', async (t) => {
  const { openapi, paths } = await committed()
  t.match(openapi, /^3\.1\./)
  const statuses = Object.fromEntries(
    Object.entries(paths).flatMap(([path, operations]) =>
      Object.entries(operations).map(([verb, { responses }]) => [
        `${verb} ${path}`,
        Object.keys(responses).map(Number),
      ]),
    ),
  )
  const everywhere = [408, 431, 500]
  const sorted = (...statuses: number[]) => [...statuses, ...everywhere].toSorted((a, b) => a - b)
  const keyed = (...statuses: number[]) => sorted(...statuses, 400, 401, 403, 429, 503)
  t.has(statuses, {
    'get /events': keyed(200),
    'get /events/{event_id}': keyed(200, 404),
    'get /health': sorted(200),
    'get /inbox': keyed(200),
    'get /openapi.json': sorted(200),
    'get /ready': sorted(200, 503),
    'post /events': keyed(201, 413, 415, 422),
    'post /events/{event_id}/acknowledge': keyed(204, 404, 409, 413, 415),
  })
})

t.test('every operation is described, and says whether it needs a key', async (t) => {
  const { paths } = await committed()
  const isPublic = (path: string) => ['/health', '/ready', '/openapi.json'].includes(path)
  const ids = new Set<string>()
  for (const [path, operations] of Object.entries(paths)) {
    for (const [verb, operation] of Object.entries(operations)) {
      const name = `${verb} ${path}`
      t.ok(operation.operationId && operation.summary && operation.description, name)
      t.equal(operation.tags?.length, 1, name)
      t.strictSame(operation.security, isPublic(path) ? [] : [{ key: [] }], name)
      ids.add(operation.operationId ?? '')
      for (const { name: parameter, description } of operation.parameters ?? []) {
        t.ok(description, `${name} ${parameter}`)
      }
      for (const [status, { description }] of Object.entries(operation.responses)) {
        t.ok(description, `${name} ${status}`)
      }
    }
  }
  t.equal(ids.size, Object.values(paths).flatMap((operations) => Object.keys(operations)).length)
})

t.test('what has a default, or may be null, may be left out', async (t) => {
  const { paths, components } = await committed()
  const isOptional = ({ default: byDefault }: Schema) => byDefault !== undefined
  for (const [name, schema] of Object.entries(components.schemas)) {
    const { properties = {}, required = [] } = schema ?? {}
    const optional = Object.keys(properties).filter((member) => isOptional(properties[member] ?? {}))
    t.strictSame(
      required.filter((member) => optional.includes(member)),
      [],
      name,
    )
  }
  const isNullable = ({ $ref = '' }: Schema) =>
    components.schemas[$ref.split('/').at(-1) ?? '']?.type?.includes('null') ?? false
  let defaults = 0
  let bodies = 0
  for (const [path, operations] of Object.entries(paths)) {
    for (const [verb, { parameters = [], requestBody }] of Object.entries(operations)) {
      for (const { name, required } of parameters.filter(({ schema }) => isOptional(schema))) {
        defaults++
        t.notOk(required, `${verb} ${path}: ${name}`)
      }
      if (!requestBody) continue
      bodies++
      const nullable = isNullable(requestBody.content['application/json']?.schema ?? {})
      t.equal(requestBody.required, !nullable, `${verb} ${path}: body`)
    }
  }
  t.strictSame({ defaults, bodies }, { defaults: 2, bodies: 10 })
})

t.test('every body has an example, whole or member by member', async (t) => {
  const { paths, components } = await committed()
  const hasExample = (schema: Schema): boolean => {
    const { $ref, properties, items } = schema
    if (schema.example !== undefined || schema.examples !== undefined || schema.enum) return true
    if ($ref !== undefined) return hasExample(components.schemas[$ref.split('/').at(-1) ?? ''] ?? {})
    if (properties) return Object.values(properties).every(hasExample)
    return items !== undefined && hasExample(items)
  }
  for (const [path, operations] of Object.entries(paths)) {
    for (const [verb, { requestBody, responses }] of Object.entries(operations)) {
      if (path === '/openapi.json') continue
      const contents = [requestBody?.content, ...Object.values(responses).map(({ content }) => content)]
      for (const { schema, example, examples } of contents.flatMap((content) =>
        Object.values(content ?? {}),
      )) {
        t.ok(example !== undefined || examples !== undefined || hasExample(schema), `${verb} ${path}`)
      }
    }
  }
})

t.test('/docs is a public page, and has all that it refers to', async (t) => {
  const app = await buildTestApp(t)
  for (const page of ['/docs', '/docs/']) {
    const response = await app.inject({ url: page })
    t.equal(response.statusCode, 200, page)
    t.equal(response.headers['content-type'], 'text/html; charset=utf-8', page)
    const references = [...response.body.matchAll(/(?:href|src)="([^"]+)"/g)].map(([, url]) => url ?? '')
    t.ok(references.length >= 4, `${references.length} references`)
    for (const reference of references) {
      const { pathname } = new URL(reference, `http://any.example${page}`)
      const asset = await app.inject({ url: pathname })
      t.equal(asset.statusCode, 200, pathname)
    }
  }
  const document = await app.inject({ url: '/docs/json' })
  t.equal(document.statusCode, 200)
  t.strictSame(document.json(), await committed())
})

t.test('what /docs does not have is the same 404 as everywhere', async (t) => {
  const app = await buildTestApp(t)
  for (const url of ['/docs/nothing', '/docs/static/nothing.js', '/docs/static/%2e%2e%2fpackage.json']) {
    const response = await app.inject({ url })
    t.equal(response.statusCode, 404, url)
    t.strictSame(response.json(), {
      error: 'not_found',
      message: 'There is no such path.',
      request_id: response.headers['x-request-id'],
    })
  }
})
