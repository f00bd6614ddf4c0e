import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js'
import { readFileSync } from 'node:fs'
import { ERROR_STATUS, type ErrorCode } from '../../src/errors.ts'
import { SECURITY_HEADERS } from '../../src/plugins/security-headers.ts'

/** A request and its answer, however they travelled. Header names in lower case. */
export interface Exchange {
  method: string
  url: string
  status: number
  headers: Record<string, string | string[] | number | undefined>
  body: string
}

interface Header {
  schema: { type: 'string' | 'integer' }
}

interface DocumentedResponse {
  headers: Record<string, Header>
  content?: Record<string, unknown>
}

interface Operation {
  responses: Record<string, DocumentedResponse>
}

interface Document {
  paths: Record<string, Record<string, Operation>>
}

const document = JSON.parse(
  readFileSync(new URL('../../openapi/openapi.json', import.meta.url), 'utf8'),
) as Document

/** Headers of HTTP itself, which no document lists. */
const STANDARD_HEADERS = [
  ...['connection', 'content-length', 'content-type', 'date', 'keep-alive', 'allow'],
  ...Object.keys(SECURITY_HEADERS),
]
/** Documented headers that an answer may do without. */
const OPTIONAL_HEADERS = ['idempotent-replayed', 'link', 'x-next-cursor', 'ratelimit', 'ratelimit-policy']
/** Statuses of requests that reach no operation: a broken URL, no such path or method, never read to their end. */
const STATUSES_WITHOUT_OPERATION = [400, 404, 405, 408, 431]

const REQUEST_ID = /^[A-Za-z0-9._-]{1,128}$/
const TIMESTAMP = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{3}Z$/

const ajv = new Ajv2020({ strict: false, allErrors: true, formats: { 'date-time': TIMESTAMP } })
ajv.addSchema(document, 'openapi')
const validators = new Map<string, ValidateFunction>()

/** @returns The validator of the schema at a JSON pointer into the document. */
function validatorAt(...names: string[]): ValidateFunction {
  const pointer = names.map((name) => name.replaceAll('~', '~0').replaceAll('/', '~1')).join('/')
  const known = validators.get(pointer)
  if (known) return known
  const validate = ajv.compile({ $ref: `openapi#/${pointer}` })
  validators.set(pointer, validate)
  return validate
}

/** The path of a URL, unescaped where that is possible. */
function pathOf(url: string): string {
  const path = url.split('?', 1)[0] ?? ''
  try {
    return decodeURI(path)
  } catch {
    return path
  }
}

function findOperation(method: string, path: string): [path: string, verb: string, Operation] | undefined {
  const verb = method === 'HEAD' ? 'get' : method.toLowerCase()
  const matching = Object.keys(document.paths).filter(
    (template) =>
      document.paths[template]?.[verb] !== undefined &&
      new RegExp(`^${template.replaceAll(/\{[^}]+\}/g, '[^/]+')}$`).test(path),
  )
  const exact = matching.find((template) => template === path) ?? matching[0]
  const operation = exact === undefined ? undefined : document.paths[exact]?.[verb]
  return exact !== undefined && operation ? [exact, verb, operation] : undefined
}

function schemaFaults(validate: ValidateFunction, body: string): string[] {
  let value: unknown
  try {
    value = JSON.parse(body)
  } catch {
    return [`the body is not JSON: ${body.slice(0, 200)}`]
  }
  if (validate(value)) return []
  return (validate.errors ?? []).map(({ instancePath, message }) => `body${instancePath} ${message ?? ''}`)
}

/** What holds for every error answer: its code belongs to its status, and its request id is the header's. */
function envelopeFaults({ status, headers, body }: Exchange): string[] {
  const envelope = JSON.parse(body) as { error: ErrorCode; request_id: string; details?: unknown[] }
  const faults: string[] = []
  if (ERROR_STATUS[envelope.error] !== status) faults.push(`${envelope.error} has another status`)
  if (envelope.request_id !== headers['x-request-id']) faults.push('request_id is not X-Request-Id')
  if (envelope.details?.length === 0) faults.push('details is empty')
  if (status === 405 && headers['allow'] === undefined) faults.push('Allow is missing')
  return faults
}

function headerFaults({ headers }: Exchange, documented: Record<string, Header>): string[] {
  const faults: string[] = []
  const byName = new Map(Object.entries(documented).map(([name, header]) => [name.toLowerCase(), header]))
  for (const [name, { schema }] of byName) {
    const value = headers[name]
    if (value === undefined && !OPTIONAL_HEADERS.includes(name)) faults.push(`${name} is missing`)
    if (schema.type === 'integer' && !/^\d+$/.test(String(value))) faults.push(`${name} is no integer`)
  }
  for (const name of Object.keys(headers)) {
    if (!byName.has(name) && !STANDARD_HEADERS.includes(name)) faults.push(`${name} is not documented`)
  }
  if ((headers['link'] === undefined) !== (headers['x-next-cursor'] === undefined)) {
    faults.push('Link and X-Next-Cursor come together')
  }
  return faults
}

function bodyFaults(exchange: Exchange, schema: ValidateFunction | undefined): string[] {
  const { method, headers, body } = exchange
  const type = headers['content-type']
  if (!schema) return body === '' && type === undefined ? [] : ['there is a body']
  const faults = type === 'application/json; charset=utf-8' ? [] : [`Content-Type is ${String(type)}`]
  if (method === 'HEAD') return body === '' ? faults : [...faults, 'HEAD is answered with a body']
  faults.push(...schemaFaults(schema, body))
  if (faults.length === 0 && exchange.status >= 400) faults.push(...envelopeFaults(exchange))
  return faults
}

function faultsOf(exchange: Exchange): string[] {
  const { method, url, status, headers } = exchange
  const path = pathOf(url)
  const faults = REQUEST_ID.test(String(headers['x-request-id'])) ? [] : ['X-Request-Id is missing']
  // The page and its assets are swagger-ui's; only errors there are ours.
  if (/^\/docs(\/|$)/.test(path) && status < 400) return faults

  const found = findOperation(method, path)
  if (!found) {
    if (!STATUSES_WITHOUT_OPERATION.includes(status)) faults.push('there is no such operation')
    return [...faults, ...bodyFaults(exchange, validatorAt('components', 'schemas', 'Error'))]
  }
  const [template, verb, { responses }] = found
  const documented = responses[status]
  if (!documented) return [...faults, 'the status is not documented']
  const schema = documented.content
    ? validatorAt(
        'paths',
        template,
        verb,
        'responses',
        String(status),
        'content',
        'application/json',
        'schema',
      )
    : undefined
  return [...faults, ...headerFaults(exchange, documented.headers), ...bodyFaults(exchange, schema)]
}

/** Throws unless this is the envelope of an error, as every answer is that no operation gives. */
export function assertEnvelope({ status, headers, body }: Omit<Exchange, 'method' | 'url'>): void {
  const exchange = { method: 'GET', url: '/', status, headers, body }
  const faults = bodyFaults(exchange, validatorAt('components', 'schemas', 'Error'))
  if (faults.length > 0)
    throw new Error(`${status} is not the envelope: ${faults.join('; ')}\n${body.slice(0, 500)}`)
}

/** Throws unless the committed OpenAPI document has this very answer to this request: status, headers and body. */
export function assertDocumented(exchange: Exchange): void {
  const faults = faultsOf(exchange)
  if (faults.length === 0) return
  const { method, url, status, body } = exchange
  throw new Error(
    `${method} ${url.slice(0, 200)} answered ${status}, which openapi.json does not have: ` +
      `${faults.join('; ')}\n${body.slice(0, 500)}`,
  )
}
