import { Type, type Static, type TSchema } from 'typebox'
import { ERROR_STATUS, type ErrorCode } from '../errors.ts'
import { ErrorEnvelope } from '../schemas/error.ts'

/** Refers to a schema with a name, so that the document has it once. */
export function ref<Schema extends TSchema>(schema: Schema) {
  return Type.Unsafe<Static<Schema>>({ $ref: `${(schema as { $id?: string }).$id ?? ''}#` })
}

const REQUEST_ID = {
  type: 'string',
  description: 'Id of the request: the client’s own where it sent a well-formed one.',
}

interface AnswerOptions {
  description: string
  headers?: Record<string, object>
}

/** A JSON answer of the contract, with the headers that every answer has. */
export function answer<Schema extends TSchema>(schema: Schema, { description, headers = {} }: AnswerOptions) {
  return {
    description,
    headers: { 'X-Request-Id': REQUEST_ID, ...headers },
    content: { 'application/json': { schema } },
  }
}

/** An answer without a body. */
export function emptyAnswer(description: string) {
  return { ...Type.Null({ description }), headers: { 'X-Request-Id': REQUEST_ID } }
}

const DESCRIPTIONS: Record<ErrorCode, string> = {
  invalid_request: 'Something in the request is not as it must be; `details` lists every fault.',
  invalid_cursor: 'The cursor is not one that this request, with these filters, was given.',
  unauthorized: 'There is no key, or it is not valid.',
  insufficient_scope: 'The key may not do this.',
  not_found: 'There is no such event, or it is not yours.',
  method_not_allowed: 'This path does not have this method.',
  request_timeout: 'The request did not arrive in time.',
  conflict: 'The event is in a state that does not allow this.',
  lease_lost: 'The lease is gone or another’s.',
  payload_too_large:
    'The body is larger than 262,144 bytes (of a batch: 4 MiB), or takes more than 350,000 as stored.',
  uri_too_long: 'The URL is too long.',
  unsupported_media_type: 'The body is not `application/json`, or is compressed.',
  idempotency_key_reused: 'The `Idempotency-Key` was used with another body; nothing was stored.',
  headers_too_large: 'The headers are too large.',
  rate_limited: 'The key has made more requests than its rate limit allows.',
  internal_error: 'Something went wrong on our side. Whether anything was stored is not known: repeat it.',
  unavailable:
    'The service has too much to do, or the event store does not answer. Whether anything was stored is not known: repeat it.',
}

const RETRY_AFTER = {
  'Retry-After': { type: 'integer', description: 'Seconds to wait before trying again.' },
}
const CHALLENGE = { 'WWW-Authenticate': { type: 'string', description: 'Always `Bearer`.' } }

function errorHeaders(status: number): Record<string, object> {
  if (status === 401) return CHALLENGE
  return status === 429 || status === 503 ? RETRY_AFTER : {}
}

/** The error answers of a route, by status. Codes that share a status share an answer. */
export function errorAnswers(...codes: ErrorCode[]) {
  const statuses = [...new Set(codes.map((code) => ERROR_STATUS[code]))]
  return Object.fromEntries(
    statuses.map((status) => {
      const description = codes
        .filter((code) => ERROR_STATUS[code] === status)
        .map((code) => `\`${code}\`: ${DESCRIPTIONS[code]}`)
        .join(' ')
      return [status, answer(ref(ErrorEnvelope), { description, headers: errorHeaders(status) })]
    }),
  )
}

export const SECURITY = [{ key: [] }]

/** Errors of routes that take a body. */
export const BODY_ERRORS = ['payload_too_large', 'unsupported_media_type'] as const

/** Errors that every route may answer, public ones too. */
export const PUBLIC_ERRORS = ['request_timeout', 'headers_too_large', 'internal_error'] as const

/** Errors that every authenticated route may answer. */
export const COMMON_ERRORS = [
  'invalid_request',
  'unauthorized',
  'insufficient_scope',
  'rate_limited',
  'unavailable',
  ...PUBLIC_ERRORS,
] as const
