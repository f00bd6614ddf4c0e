import {
  BatchGetItemCommand,
  DynamoDBClient,
  GetItemCommand,
  PutItemCommand,
  QueryCommand,
  UpdateItemCommand,
  type BatchGetItemCommandInput,
  type BatchGetItemCommandOutput,
  type GetItemCommandInput,
  type GetItemCommandOutput,
  type PutItemCommandInput,
  type PutItemCommandOutput,
  type QueryCommandInput,
  type QueryCommandOutput,
  type UpdateItemCommandInput,
  type UpdateItemCommandOutput,
} from '@aws-sdk/client-dynamodb'
import { StandardRetryStrategy } from '@smithy/core/retry'
import { toAppError } from './failure.ts'

export interface ConnectionOptions {
  /** Of DynamoDB Local or the embedded store; undefined for AWS, by region and the default credential chain. */
  endpoint?: string | undefined
  region?: string | undefined
}

/** An attempt that has no answer by then is tried again, as far as the deadline of the request allows. */
const ATTEMPT_TIMEOUT_MS = 1_500
const MAX_ATTEMPTS = 3
const MAX_SOCKETS = 256
const MAX_BACKOFF_MS = 400
const THROTTLED_BASE_MS = 100

/**
 * Full jitter from a small base. The SDK's own waits 1 s and more after a throttle, which is longer than a request
 * may take.
 */
function createBackoff() {
  let baseMs = 25
  return {
    setDelayBase(proposedMs: number) {
      baseMs = Math.min(proposedMs, THROTTLED_BASE_MS)
    },
    computeNextBackoffDelay(attempt: number) {
      return Math.floor(Math.random() * Math.min(baseMs * 2 ** attempt, MAX_BACKOFF_MS))
    },
  }
}

/** The emulators take any credentials, but want some. */
const EMULATOR_CREDENTIALS = { accessKeyId: 'local', secretAccessKey: 'local' }

/** The SDK's client, set up so that no call outlasts its request. Its `logger` would log payloads: it stays off. */
export function createClient({ endpoint, region }: ConnectionOptions): DynamoDBClient {
  return new DynamoDBClient({
    ...(region === undefined ? {} : { region }),
    ...(endpoint === undefined ? {} : { endpoint, credentials: EMULATOR_CREDENTIALS }),
    cacheMiddleware: true,
    maxAttempts: MAX_ATTEMPTS,
    retryStrategy: new StandardRetryStrategy({
      maxAttempts: MAX_ATTEMPTS,
      baseDelay: 25,
      backoff: createBackoff(),
    }),
    requestHandler: {
      // Counts the wait for a pooled socket too.
      connectionTimeout: ATTEMPT_TIMEOUT_MS,
      requestTimeout: ATTEMPT_TIMEOUT_MS,
      throwOnRequestTimeout: true,
      // Ends an answer that stalls half-way, which requestTimeout does not.
      socketTimeout: 2 * ATTEMPT_TIMEOUT_MS,
      httpAgent: { keepAlive: true, maxSockets: MAX_SOCKETS },
      httpsAgent: { keepAlive: true, maxSockets: MAX_SOCKETS },
    },
  })
}

/**
 * The calls that requests make: the only way from here to DynamoDB. A failed condition is thrown as it is
 * (`ConditionalCheckFailedException`), everything else as an AppError.
 */
export interface DynamoDB {
  getItem(input: GetItemCommandInput, signal: AbortSignal): Promise<GetItemCommandOutput>
  batchGetItem(input: BatchGetItemCommandInput, signal: AbortSignal): Promise<BatchGetItemCommandOutput>
  query(input: QueryCommandInput, signal: AbortSignal): Promise<QueryCommandOutput>
  putItem(input: PutItemCommandInput, signal: AbortSignal): Promise<PutItemCommandOutput>
  updateItem(input: UpdateItemCommandInput, signal: AbortSignal): Promise<UpdateItemCommandOutput>
}

async function orAppError<Output>(call: Promise<Output>): Promise<Output> {
  try {
    return await call
  } catch (error) {
    throw toAppError(error)
  }
}

export function createDynamoDB(client: DynamoDBClient): DynamoDB {
  return {
    getItem: (input, abortSignal) => orAppError(client.send(new GetItemCommand(input), { abortSignal })),
    batchGetItem: (input, abortSignal) =>
      orAppError(client.send(new BatchGetItemCommand(input), { abortSignal })),
    query: (input, abortSignal) => orAppError(client.send(new QueryCommand(input), { abortSignal })),
    putItem: (input, abortSignal) => orAppError(client.send(new PutItemCommand(input), { abortSignal })),
    updateItem: (input, abortSignal) =>
      orAppError(client.send(new UpdateItemCommand(input), { abortSignal })),
  }
}
