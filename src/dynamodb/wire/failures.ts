import {
  ConditionalCheckFailedException,
  DynamoDBServiceException,
  type AttributeValue,
} from '@aws-sdk/client-dynamodb'
import { isServerError, isThrottlingError, isTransientError } from '@smithy/core/retry'
import { NoAnswerError, type Answer } from './exchange.ts'

const headerOf = ({ headers }: Answer, name: string) => {
  const value = headers[name]
  return Array.isArray(value) ? value[0] : value
}

/** Under which id AWS knows the request, and what it answered. */
export function metadataOf(answer: Answer, attempts: number) {
  const requestId = headerOf(answer, 'x-amzn-requestid')
  return { httpStatusCode: answer.status, attempts, ...(requestId === undefined ? {} : { requestId }) }
}

const textIn = (value: unknown) => (typeof value === 'string' ? value : undefined)

/** @returns The SDK's own error for an answer that is none of success. */
export function toServiceException(answer: Answer, attempts: number): DynamoDBServiceException {
  const { body = {} } = answer
  // `com.amazonaws.dynamodb.v20120810#ThrottlingException`
  const name = textIn(body['__type'])?.split('#').at(-1) ?? `HTTP ${answer.status}`
  const message = textIn(body['message']) ?? textIn(body['Message']) ?? name
  const $metadata = metadataOf(answer, attempts)
  if (name === 'ConditionalCheckFailedException') {
    return new ConditionalCheckFailedException({
      message,
      $metadata,
      ...(body['Item'] === undefined ? {} : { Item: body['Item'] as Record<string, AttributeValue> }),
    })
  }
  return new DynamoDBServiceException({
    name,
    $fault: answer.status >= 500 ? 'server' : 'client',
    message,
    $metadata,
  })
}

const TIME_ERRORS = new Set(['RequestTimeTooSkewed', 'RequestExpired', 'RequestInTheFuture'])

type SdkError = Parameters<typeof isThrottlingError>[0]

/** Whether and how a failed attempt may be repeated; undefined when it would fail again. */
export function retryTypeOf(error: unknown): 'THROTTLING' | 'TRANSIENT' | undefined {
  if (error instanceof NoAnswerError) return 'TRANSIENT'
  if (!(error instanceof DynamoDBServiceException)) return undefined
  const failure = error as SdkError
  if (isThrottlingError(failure)) return 'THROTTLING'
  return isTransientError(failure) || isServerError(failure) ? 'TRANSIENT' : undefined
}

/**
 * @returns By how much our clock is behind that of AWS, in ms, when a request was refused for its time; the failure is
 *   then marked as one to be repeated.
 */
export function clockSkewOf(
  failure: DynamoDBServiceException,
  answer: Answer,
  nowMs: number,
): number | undefined {
  const { name, message } = failure
  const isAboutTime =
    TIME_ERRORS.has(name) || (name === 'InvalidSignatureException' && message.startsWith('Signature '))
  const theirMs = isAboutTime ? Date.parse(headerOf(answer, 'date') ?? '') : NaN
  if (Number.isNaN(theirMs)) return undefined
  failure.$retryable = {}
  return theirMs - nowMs
}
