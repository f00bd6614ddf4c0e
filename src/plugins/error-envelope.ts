import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { Socket } from 'node:net'
import { AppError, ERROR_STATUS, type ErrorCode } from '../errors.ts'
import type { ErrorEnvelope } from '../schemas/error.ts'
import { newRequestId } from './request-id.ts'
import { SECURITY_HEADERS } from './security-headers.ts'

/** Errors of Fastify and of bearer-auth, by their code, as errors of the contract. */
const KNOWN: Record<string, readonly [ErrorCode, string]> = {
  FST_ERR_CTP_INVALID_MEDIA_TYPE: [
    'unsupported_media_type',
    'Bodies are taken as Content-Type: application/json.',
  ],
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: [
    'invalid_request',
    'The body is not as long as its Content-Length says.',
  ],
  FST_ERR_BAD_URL: ['invalid_request', 'The path is not a valid URL path.'],
  FST_BEARER_AUTH_MISSING_AUTHORIZATION_HEADER: [
    'unauthorized',
    'A key is needed: Authorization: Bearer <key>.',
  ],
  FST_BEARER_AUTH_INVALID_AUTHORIZATION_HEADER: ['unauthorized', 'The key is not valid.'],
}

/** What a library calls the client's fault is that: a range or a precondition that a file does not satisfy. */
function knownByStatus(statusCode: unknown): readonly [ErrorCode, string] | undefined {
  const isClientError = typeof statusCode === 'number' && statusCode >= 400 && statusCode < 500
  return isClientError ? ['invalid_request', 'The request cannot be served as it is.'] : undefined
}

const CHALLENGE = { 'www-authenticate': 'Bearer' }

/** Turns whatever was thrown into an error of the contract. What nobody foresaw is an internal error. */
export function toAppError(thrown: unknown): AppError {
  if (thrown instanceof AppError) return thrown
  const { code: thrownCode = '', statusCode } = (thrown ?? {}) as { code?: string; statusCode?: unknown }
  const known = KNOWN[thrownCode] ?? knownByStatus(statusCode)
  if (!known) return new AppError('internal_error', 'Something went wrong on our side.', { cause: thrown })
  const [code, message] = known
  return new AppError(code, message, {
    cause: thrown,
    ...(code === 'unauthorized' ? { headers: CHALLENGE } : {}),
  })
}

/** The body of an error answer. */
export function toEnvelope({ code, message, details }: AppError, requestId: string): ErrorEnvelope {
  return { error: code, message, ...(details.length > 0 ? { details } : {}), request_id: requestId }
}

/** A batch may be larger than other bodies, so only the route knows the limit. */
function tooLarge(thrown: unknown, { route }: FastifyRequest): AppError | undefined {
  if ((thrown as { code?: string } | null)?.code !== 'FST_ERR_CTP_BODY_TOO_LARGE') return undefined
  const message = `The body is larger than ${route.bodyLimit} bytes.`
  return new AppError('payload_too_large', message, { cause: thrown })
}

function answerError(thrown: unknown, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const error = tooLarge(thrown, request) ?? toAppError(thrown)
  // The line and the span of the request tell of it.
  request.failure = error
  return reply.code(ERROR_STATUS[error.code]).headers(error.headers).send(toEnvelope(error, request.id))
}

/** What Fastify reports before there is a route, such as a path with a bad percent-encoding. */
export function answerFrameworkError(thrown: unknown, request: FastifyRequest, reply: FastifyReply): void {
  reply.header('x-request-id', request.id).headers(SECURITY_HEADERS)
  answerError(thrown, request, reply)
}

/** What Node reports while a request is still being read, by its code. */
const SOCKET_ERRORS: Record<string, readonly [ErrorCode, string]> = {
  ERR_HTTP_REQUEST_TIMEOUT: ['request_timeout', 'The request did not arrive in time.'],
  HPE_HEADER_OVERFLOW: ['headers_too_large', 'The URL and the headers are too long.'],
}

const REASONS: Partial<Record<ErrorCode, string>> = {
  request_timeout: 'Request Timeout',
  headers_too_large: 'Request Header Fields Too Large',
  invalid_request: 'Bad Request',
}

/** Answers on the bare socket: there is no request yet that Fastify could answer. */
export function answerClientError(this: unknown, failure: Error & { code?: string }, socket: Socket): void {
  if (failure.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy()
    return
  }
  const [code, message] = SOCKET_ERRORS[failure.code ?? ''] ?? [
    'invalid_request',
    'This is not a valid HTTP request.',
  ]
  const requestId = newRequestId()
  const body = JSON.stringify(toEnvelope(new AppError(code, message), requestId))
  const head = [
    `HTTP/1.1 ${ERROR_STATUS[code]} ${REASONS[code] ?? ''}`,
    'content-type: application/json; charset=utf-8',
    `content-length: ${Buffer.byteLength(body)}`,
    `x-request-id: ${requestId}`,
    ...Object.entries(SECURITY_HEADERS).map(([name, value]) => `${name}: ${value}`),
    'connection: close',
  ]
  socket.end(`${head.join('\r\n')}\r\n\r\n${body}`)
}

/** Answers every error in the one envelope. */
export function registerErrorEnvelope(app: FastifyInstance): void {
  app.setErrorHandler(answerError)
}
