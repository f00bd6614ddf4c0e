import type { FastifyInstance, FastifyRequest } from 'fastify'
import { invalidRequest, type FieldFault } from '../errors.ts'
import { createValidator } from '../schemas/validator.ts'

/** Gives every fault of a request, in all its parts. */
export type RequestValidator = (request: FastifyRequest) => FieldFault[]

interface ObjectSchema {
  properties?: Record<string, { type?: string }>
}

interface BodySchema {
  $ref?: string
  type?: unknown
  properties?: Record<string, object>
}

interface RouteSchema {
  headers?: ObjectSchema
  querystring?: ObjectSchema
  body?: BodySchema
}

/**
 * Checks a query string. Integers are converted when they are written in digits alone: `1e1`, ` 5` and `0x5` are none.
 * A parameter given twice is a fault.
 */
function queryValidator(schema: ObjectSchema): RequestValidator {
  const validate = createValidator(schema, 'query')
  const integers = Object.entries(schema.properties ?? {}).filter(
    ([, property]) => property.type === 'integer',
  )
  return ({ query }) => {
    const values = query as Record<string, unknown>
    const repeated = Object.keys(values).filter((name) => Array.isArray(values[name]))
    for (const name of repeated) Reflect.deleteProperty(values, name)
    for (const [name] of integers) {
      const text = values[name]
      if (typeof text === 'string' && /^\d{1,15}$/.test(text)) values[name] = Number(text)
    }
    const faults = repeated.map((field) => ({ field, message: 'is given more than once', code: 'repeated' }))
    return [...faults, ...validate(values)]
  }
}

/** Checks the headers that the schema names, whatever their case. */
function headersValidator(schema: ObjectSchema): RequestValidator {
  const validate = createValidator(schema, 'headers')
  const names = Object.keys(schema.properties ?? {})
  return ({ headers }) => {
    const given = names.map((name) => [name, headers[name.toLowerCase()]] as const)
    return validate(Object.fromEntries(given.filter(([, value]) => value !== undefined)))
  }
}

function bodyValidator(schema: BodySchema): RequestValidator {
  // A body that may be null may as well be left out: both mean that the defaults hold.
  const isOptional = Array.isArray(schema.type) && schema.type.includes('null')
  const validate = createValidator(schema, 'body')
  return (request) => {
    const { bodyFaults } = request
    if (isOptional) request.body ??= {}
    const { body } = request
    // A body that could not be read has no members to look at.
    if (body === undefined && bodyFaults.length > 0) return bodyFaults
    return [...bodyFaults, ...validate(body ?? null)]
  }
}

/** The elements of a batch are each checked by themselves, later: here they may be anything. */
function withoutElements(schema: BodySchema, batch: string | undefined): BodySchema {
  if (batch === undefined) return schema
  return {
    ...schema,
    properties: { ...schema.properties, [batch]: { ...schema.properties?.[batch], items: {} } },
  }
}

function createRequestValidator({ headers, querystring, body }: RouteSchema): RequestValidator {
  const parts: RequestValidator[] = []
  if (headers) parts.push(headersValidator(headers))
  if (querystring) parts.push(queryValidator(querystring))
  if (body) parts.push(bodyValidator(body))
  return (request) => parts.flatMap((faultsOf) => faultsOf(request))
}

/**
 * Validates requests against the schemas of their routes. Fastify itself stops at the first part of a request that
 * fails; the contract lists every fault.
 */
export function registerValidation(app: FastifyInstance): void {
  app.setValidatorCompiler(() => () => true)
  app.addHook('onRoute', (route) => {
    const { body, ...parts } = (route.schema ?? {}) as RouteSchema
    const named = body?.$ref === undefined ? body : (app.getSchema(body.$ref.replace('#', '')) as BodySchema)
    const whole = named && withoutElements(named, route.config?.batch)
    route.config = {
      ...route.config,
      validate: createRequestValidator({ ...parts, ...(whole && { body: whole }) }),
    }
  })
  app.addHook('preValidation', (request, _reply, done) => {
    const faults = request.route.config.validate?.(request) ?? []
    done(faults.length > 0 ? invalidRequest(faults) : undefined)
  })
}
