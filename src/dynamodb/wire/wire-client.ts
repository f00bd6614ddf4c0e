import type { DynamoDBClient, PutItemCommandInput } from '@aws-sdk/client-dynamodb'
import type { CallObserver, OpenDynamoDB } from '../client.ts'
import { toWire } from './binary.ts'
import { createConnection } from './connection.ts'
import { exchange, NoAnswerError, type Answer } from './exchange.ts'
import { clockSkewOf, metadataOf, toServiceException } from './failures.ts'
import { createRetries, createRetryStrategy } from './retries.ts'

/** An attempt that has no answer by then is tried again, as far as the deadline of the request allows. */
export const ATTEMPT_TIMEOUT_MS = 1_500

interface Call {
  operation: string
  body: string
  signal: AbortSignal
}

/** What writes an item, as it is sent. */
function withoutBytes(
  input: Partial<Pick<PutItemCommandInput, 'Item' | 'ExpressionAttributeValues'>>,
): object {
  const { Item, ExpressionAttributeValues: values } = input
  return {
    ...input,
    ...(Item && { Item: toWire(Item) }),
    ...(values && { ExpressionAttributeValues: toWire(values) }),
  }
}

function toOutput(answer: Answer, attempts: number): object {
  const output = answer.body
  if (!output) throw new NoAnswerError('What came with status 200 is no answer of DynamoDB')
  output['$metadata'] = metadataOf(answer, attempts)
  return output
}

/**
 * The five calls of the hot path, written straight to the wire: the SDK takes ten times the CPU for each of them
 * (bench/RESULTS.md). Everything that is not about speed stays the SDK's: where the table is, who we are, which errors
 * there are and when to repeat a call.
 *
 * @param client Whose configuration holds.
 */
export function createWireClient(
  client: DynamoDBClient,
  { onThrottle, onEndpoint }: Pick<CallObserver, 'onThrottle' | 'onEndpoint'>,
): OpenDynamoDB {
  const retry = createRetries({ strategy: createRetryStrategy(), onThrottle })
  const connection = createConnection(client, onEndpoint)
  let clockSkewMs = 0

  async function attempt<Output>({ operation, body, signal }: Call, attempts: number): Promise<Output> {
    const { pool, path, signer } = await connection.line(signal)
    const nowMs = Date.now()
    const headers = signer.sign(operation, body, nowMs + clockSkewMs)
    const answer = await exchange({ pool, path, timeoutMs: ATTEMPT_TIMEOUT_MS }, headers, body, signal)
    if (answer.status === 200) return toOutput(answer, attempts) as Output
    const failure = toServiceException(answer, attempts)
    clockSkewMs = clockSkewOf(failure, answer, nowMs) ?? clockSkewMs
    throw failure
  }

  function send<Output>(operation: string, input: object, signal: AbortSignal): Promise<Output> {
    const call = { operation, body: JSON.stringify(input), signal }
    return retry(signal, (attempts) => attempt<Output>(call, attempts))
  }

  return {
    // Keys are text, so that reads have no bytes to look for.
    getItem: (input, signal) => send('GetItem', input, signal),
    batchGetItem: (input, signal) => send('BatchGetItem', input, signal),
    query: (input, signal) => send('Query', input, signal),
    putItem: (input, signal) => send('PutItem', withoutBytes(input), signal),
    updateItem: (input, signal) => send('UpdateItem', withoutBytes(input), signal),
    close: () => connection.close(),
  }
}
