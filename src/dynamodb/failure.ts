import { ConditionalCheckFailedException } from '@aws-sdk/client-dynamodb'
import { AppError, storeUnavailable } from '../errors.ts'

/** What DynamoDB says when the request itself is wrong: a defect of ours, which no retry mends. */
const DEFECTS = new Set(['ValidationException', 'SerializationException', 'TypeError', 'RangeError'])

/**
 * Every failure of a call that is neither a condition nor a defect of ours — throttling, time-outs, 5xx, no
 * connection, no credentials, no table — means that the store does not serve now: the client may try again.
 */
export function toAppError(error: unknown): unknown {
  if (error instanceof ConditionalCheckFailedException || error instanceof AppError) return error
  if (error instanceof Error && DEFECTS.has(error.name)) return error
  return storeUnavailable(error)
}
