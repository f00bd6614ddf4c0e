/** Every error code of the contract with its HTTP status: the closed vocabulary of all error answers. */
export const ERROR_STATUS = {
  invalid_request: 400,
  invalid_cursor: 400,
  unauthorized: 401,
  insufficient_scope: 403,
  not_found: 404,
  method_not_allowed: 405,
  request_timeout: 408,
  conflict: 409,
  lease_lost: 409,
  payload_too_large: 413,
  uri_too_long: 414,
  unsupported_media_type: 415,
  idempotency_key_reused: 422,
  headers_too_large: 431,
  rate_limited: 429,
  internal_error: 500,
  unavailable: 503,
} as const

export type ErrorCode = keyof typeof ERROR_STATUS

/** One fault of a request: where it is, what is wrong, and a stable name for the rule that was broken. */
export interface FieldFault {
  field: string
  message: string
  code: string
}

interface AppErrorOptions {
  details?: FieldFault[]
  /** Headers that the answer carries besides the usual ones, in lower case. */
  headers?: Record<string, string>
  /** What really happened. It is logged, never answered. */
  cause?: unknown
}

/** The only error class of the service. Its message is for people outside: it names no internals. */
export class AppError extends Error {
  readonly code: ErrorCode
  readonly details: FieldFault[]
  readonly headers: Record<string, string>

  constructor(code: ErrorCode, message: string, options: AppErrorOptions = {}) {
    // Where a client's mistake was noticed tells nobody anything, and finding it out is the dearest part of a refusal.
    const { stackTraceLimit } = Error
    if (ERROR_STATUS[code] < 500) Error.stackTraceLimit = 0
    super(message, 'cause' in options ? { cause: options.cause } : undefined)
    Error.stackTraceLimit = stackTraceLimit
    this.name = 'AppError'
    this.code = code
    this.details = options.details ?? []
    this.headers = options.headers ?? {}
  }
}

/** More faults than this are cut off, so that no body can make its own answer large. */
const MAX_FAULTS = 100

/** A request that breaks the rules of its fields, with every fault (the first hundred of them). */
export function invalidRequest(faults: FieldFault[]): AppError {
  const message =
    faults.length === 1
      ? 'The request has an invalid field.'
      : `The request has ${faults.length} invalid fields.`
  return new AppError('invalid_request', message, { details: faults.slice(0, MAX_FAULTS) })
}

/** The store does not serve now; whether a write happened is not known. */
export function storeUnavailable(cause?: unknown): AppError {
  return new AppError('unavailable', 'The event store does not answer now. Try again.', {
    headers: { 'retry-after': '1' },
    cause,
  })
}

/** The one answer to an id that is unknown, another tenant's or not an id at all: the three must not differ. */
export function eventNotFound(): AppError {
  return new AppError('not_found', 'There is no such event.')
}
