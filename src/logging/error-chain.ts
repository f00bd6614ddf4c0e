/** An error as it is logged. */
export interface LoggedError {
  type: string
  message: string
  code?: string
  stack?: string
  /** Of an answer of AWS: by it their support finds the call. */
  aws_request_id?: string
  attempts?: number
  cause?: LoggedError
  /** Those of an AggregateError, such as one per address that refused. */
  errors?: LoggedError[]
}

const MAX_DEPTH = 6
const MAX_ERRORS = 4

interface KnownMembers {
  code?: unknown
  cause?: unknown
  errors?: unknown
  $metadata?: { requestId?: string; attempts?: number }
}

/**
 * The whole chain of causes, and of each error only what is named here: errors of AWS carry items, and with them
 * payloads, in their other members.
 */
export function toLoggedError(error: unknown, depth = 0): LoggedError {
  if (!(error instanceof Error))
    return { type: typeof error, message: 'something was thrown that is no error' }
  const { code, cause, errors, $metadata: answer } = error as KnownMembers
  const deeper = depth < MAX_DEPTH
  return {
    type: error.name,
    message: error.message,
    ...(typeof code === 'string' ? { code } : {}),
    ...(answer?.requestId === undefined ? {} : { aws_request_id: answer.requestId }),
    ...(answer?.attempts === undefined ? {} : { attempts: answer.attempts }),
    ...(error.stack === undefined ? {} : { stack: error.stack }),
    ...(cause !== undefined && deeper ? { cause: toLoggedError(cause, depth + 1) } : {}),
    ...(Array.isArray(errors) && deeper
      ? { errors: errors.slice(0, MAX_ERRORS).map((one) => toLoggedError(one, depth + 1)) }
      : {}),
  }
}
