import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js'
import { readFileSync } from 'node:fs'
import { parseRfc3339 } from '../../../src/schemas/rfc3339.ts'

/** As much of JSON Schema as the document uses for what clients send. */
export interface Schema {
  $ref?: string
  type?: string | string[]
  anyOf?: Schema[]
  enum?: unknown[]
  pattern?: string
  format?: string
  maxLength?: number
  minimum?: number
  maximum?: number
  minItems?: number
  maxItems?: number
  items?: Schema
  properties?: Record<string, Schema>
  required?: string[]
  additionalProperties?: boolean
}

export interface Parameter {
  name: string
  in: 'path' | 'query' | 'header'
  required: boolean
  schema: Schema
}

/** One operation of the committed document, with what a client needs to know to call it. */
export interface Operation {
  id: string
  method: 'GET' | 'POST'
  /** With `{event_id}` where an id belongs. */
  path: string
  isPublic: boolean
  parameters: Parameter[]
  body: { schema: Schema; isRequired: boolean } | undefined
  /** Every status that the document has for it. */
  statuses: number[]
}

interface RawOperation {
  operationId: string
  security: unknown[]
  parameters?: Parameter[]
  requestBody?: { required: boolean; content: Record<string, { schema: Schema }> }
  responses: Record<string, unknown>
}

interface Document {
  paths: Record<string, Record<string, RawOperation>>
  components: { schemas: Record<string, Schema> }
}

/** What the repository says that the service does: neither generated now nor asked of the service. */
const document = JSON.parse(
  readFileSync(new URL('../../../openapi/openapi.json', import.meta.url), 'utf8'),
) as Document

export const operations: Operation[] = Object.entries(document.paths).flatMap(([path, verbs]) =>
  Object.entries(verbs).map(([verb, { operationId, security, parameters = [], requestBody, responses }]) => ({
    id: operationId,
    method: verb.toUpperCase() as Operation['method'],
    path,
    isPublic: security.length === 0,
    parameters,
    body: requestBody && {
      schema: requestBody.content['application/json']?.schema ?? {},
      isRequired: requestBody.required,
    },
    statuses: Object.keys(responses).map(Number),
  })),
)

/** The schema that a reference means. */
export function resolve(schema: Schema): Schema {
  const name = schema.$ref?.split('/').at(-1)
  return name === undefined ? schema : resolve(document.components.schemas[name] ?? {})
}

const ajv = new Ajv2020({
  strict: false,
  formats: { 'date-time': (text: string) => !Number.isNaN(parseRfc3339(text)) },
})
ajv.addSchema(document, 'openapi')
const validators = new Map<Schema, ValidateFunction>()

/** Whether the document allows this value there. */
export function isAllowed(schema: Schema, value: unknown): boolean {
  const known = validators.get(schema)
  if (known) return known(value)
  const text = JSON.stringify(schema).replaceAll('"#/', '"openapi#/')
  const validate = ajv.compile(JSON.parse(text) as object)
  validators.set(schema, validate)
  return validate(value)
}
