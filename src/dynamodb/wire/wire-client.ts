import type { DynamoDBClient } from '@aws-sdk/client-dynamodb'
import { Agent } from 'undici'
import type { CallObserver, OpenDynamoDB } from '../client.ts'
import { fromWire, toWire } from './binary.ts'
import { findEndpoint, type Endpoint } from './endpoint.ts'
import { exchange, type Answer } from './exchange.ts'
import { clockSkewOf, metadataOf, toServiceException } from './failures.ts'
import { createRetries, createRetryStrategy } from './retries.ts'
import { createSigner, type Credentials, type Signer } from './signature.ts'

/** An attempt that has no answer by then is tried again, as far as the deadline of the request allows. */
export const ATTEMPT_TIMEOUT_MS = 1_500
const MAX_CONNECTIONS = 256
/** Idle connections are closed before DynamoDB closes them: a write must not meet a connection on its way out. */
const IDLE_TIMEOUT_MS = 20_000

function createDispatcher(): Agent {
  return new Agent({
    connections: MAX_CONNECTIONS,
    pipelining: 1,
    allowH2: false,
    connect: { timeout: ATTEMPT_TIMEOUT_MS },
    keepAliveTimeout: IDLE_TIMEOUT_MS,
    keepAliveMaxTimeout: IDLE_TIMEOUT_MS,
    // An attempt has a time of its own, for all of it.
    headersTimeout: 0,
    bodyTimeout: 0,
  })
}

/** Gives a signer for the credentials that hold now; the SDK fetches new ones before the old expire. */
function createSigners({ config }: DynamoDBClient) {
  let known: { credentials: Credentials; signer: Signer } | undefined
  return async (endpoint: Endpoint): Promise<Signer> => {
    const credentials = await config.credentials()
    if (known?.credentials !== credentials) {
      known = { credentials, signer: createSigner(endpoint, credentials) }
    }
    return known.signer
  }
}

interface Call {
  operation: string
  body: string
  signal: AbortSignal
}

function toOutput(answer: Answer, attempts: number): object {
  const output = fromWire(answer.text)
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
  const dispatcher = createDispatcher()
  const signerFor = createSigners(client)
  const retry = createRetries({ strategy: createRetryStrategy(), onThrottle })
  let endpoint: Endpoint | undefined
  let clockSkewMs = 0

  async function open(): Promise<Endpoint> {
    endpoint = await findEndpoint(client)
    onEndpoint(new URL(endpoint.origin))
    return endpoint
  }

  async function attempt<Output>(call: Call, attempts: number): Promise<Output> {
    const { origin } = (endpoint ??= await open())
    const signer = await signerFor(endpoint)
    const nowMs = Date.now()
    const headers = signer.sign(call.operation, call.body, nowMs + clockSkewMs)
    const options = { dispatcher, origin, timeoutMs: ATTEMPT_TIMEOUT_MS }
    const answer = await exchange(options, headers, call.body, call.signal)
    if (answer.status === 200) return toOutput(answer, attempts) as Output
    const failure = toServiceException(answer, attempts)
    clockSkewMs = clockSkewOf(failure, answer, nowMs) ?? clockSkewMs
    throw failure
  }

  function send<Output>(operation: string, input: object, signal: AbortSignal): Promise<Output> {
    const call = { operation, body: JSON.stringify(toWire(input)), signal }
    return retry(signal, (attempts) => attempt<Output>(call, attempts))
  }

  return {
    getItem: (input, signal) => send('GetItem', input, signal),
    batchGetItem: (input, signal) => send('BatchGetItem', input, signal),
    query: (input, signal) => send('Query', input, signal),
    putItem: (input, signal) => send('PutItem', input, signal),
    updateItem: (input, signal) => send('UpdateItem', input, signal),
    close: () => dispatcher.close(),
  }
}
