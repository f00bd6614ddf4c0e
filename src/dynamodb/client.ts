import {
  DynamoDBClient,
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
import { toAppError } from './failure.ts'
import { readTogether } from './read-together.ts'
import { createRetryStrategy, MAX_ATTEMPTS } from './wire/retries.ts'
import { ATTEMPT_TIMEOUT_MS, createWireClient } from './wire/wire-client.ts'

export interface ConnectionOptions {
  /** Of DynamoDB Local or the embedded store; undefined for AWS, by region and the default credential chain. */
  endpoint?: string | undefined
  region?: string | undefined
}

/** The emulators take any credentials, but want some. */
const EMULATOR_CREDENTIALS = { accessKeyId: 'local', secretAccessKey: 'local' }

/**
 * The SDK's client: for whatever is not a request's, and for the configuration of what is. It is set up so that no call
 * outlasts a request. Its `logger` would log payloads: it stays off.
 */
export function createClient({ endpoint, region }: ConnectionOptions): DynamoDBClient {
  return new DynamoDBClient({
    ...(region === undefined ? {} : { region }),
    ...(endpoint === undefined ? {} : { endpoint, credentials: EMULATOR_CREDENTIALS }),
    cacheMiddleware: true,
    maxAttempts: MAX_ATTEMPTS,
    retryStrategy: createRetryStrategy(),
    requestHandler: {
      // Counts the wait for a pooled socket too.
      connectionTimeout: ATTEMPT_TIMEOUT_MS,
      requestTimeout: ATTEMPT_TIMEOUT_MS,
      throwOnRequestTimeout: true,
      // Ends an answer that stalls half-way, which requestTimeout does not.
      socketTimeout: 2 * ATTEMPT_TIMEOUT_MS,
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

/** Who is told of the calls. */
export interface CallObserver {
  /** Runs a call of an operation, such as `GetItem`, with all of its attempts. */
  observe<Output extends object>(
    operation: string,
    input: object,
    call: () => Promise<Output>,
  ): Promise<Output>
  /** An attempt was refused because there were too many. */
  onThrottle(): void
  /** Where the calls go. */
  onEndpoint(url: URL): void
}

/** The calls, and the connections below them. */
export interface OpenDynamoDB extends DynamoDB {
  /** Closes the connections, once what is under way has ended. */
  close(): Promise<void>
}

const UNOBSERVED: CallObserver = {
  observe: (_operation, _input, call) => call(),
  onThrottle: () => undefined,
  onEndpoint: () => undefined,
}

/** @param client Whose configuration holds: endpoint, region, credentials. */
export function createDynamoDB(client: DynamoDBClient, observer: CallObserver = UNOBSERVED): OpenDynamoDB {
  const wire = createWireClient(client, observer)
  const getItem = readTogether(wire)

  async function run<Output extends object>(
    operation: string,
    input: object,
    call: () => Promise<Output>,
  ): Promise<Output> {
    try {
      return await observer.observe(operation, input, call)
    } catch (error) {
      throw toAppError(error)
    }
  }

  return {
    getItem: (input, signal) => run('GetItem', input, () => getItem(input, signal)),
    batchGetItem: (input, signal) => run('BatchGetItem', input, () => wire.batchGetItem(input, signal)),
    query: (input, signal) => run('Query', input, () => wire.query(input, signal)),
    putItem: (input, signal) => run('PutItem', input, () => wire.putItem(input, signal)),
    updateItem: (input, signal) => run('UpdateItem', input, () => wire.updateItem(input, signal)),
    close: () => wire.close(),
  }
}
