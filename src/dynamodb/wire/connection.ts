import type { DynamoDBClient } from '@aws-sdk/client-dynamodb'
import { Pool } from 'undici'
import { createConnector } from './connector.ts'
import { findEndpoint, type Endpoint } from './endpoint.ts'
import { createSigner, type Credentials, type Signer } from './signature.ts'
import { untilAborted } from '../../domain/until-aborted.ts'

const CONNECT_TIMEOUT_MS = 1_500
const MAX_CONNECTIONS = 256
/** Idle connections are closed before DynamoDB closes them: a write must not meet a connection on its way out. */
const IDLE_TIMEOUT_MS = 20_000

/** SDK providers give new credentials five minutes before the old ones expire: asking that seldom is soon enough. */
const ASK_AGAIN_MS = 60_000

/** What a request is sent through, and what signs it. */
export interface Line {
  pool: Pool
  path: string
  signer: Signer
}

export interface Connection {
  /** Throws what the SDK's configuration throws, and the reason of the signal. */
  line(signal: AbortSignal): Promise<Line>
  /** Ends once what is under way has ended. */
  close(): Promise<void>
}

function openPool({ origin }: Endpoint): Pool {
  return new Pool(origin, {
    connections: MAX_CONNECTIONS,
    pipelining: 1,
    allowH2: false,
    connect: createConnector(CONNECT_TIMEOUT_MS),
    keepAliveTimeout: IDLE_TIMEOUT_MS,
    keepAliveMaxTimeout: IDLE_TIMEOUT_MS,
    // An attempt has a time of its own, for all of it.
    headersTimeout: 0,
    bodyTimeout: 0,
  })
}

/** What is known for a while. */
interface Known {
  line: Line
  credentials: Credentials
  /** When to ask again, and from when on not to go without an answer. */
  until: number
  expiresAt: number
}

/**
 * Connects to where the configuration of an SDK client says, as who it says. Nothing is opened before the first call;
 * what fails then is tried again by the next.
 */
export function createConnection(client: DynamoDBClient, onEndpoint: (url: URL) => void): Connection {
  let opened: { endpoint: Endpoint; pool: Pool } | undefined
  let known: Known | undefined
  let isClosed = false
  let closing: Promise<void> | undefined

  async function open() {
    const endpoint = await findEndpoint(client)
    if (isClosed) throw new Error('The connection to DynamoDB is closed')
    opened ??= { endpoint, pool: openPool(endpoint) }
    onEndpoint(new URL(endpoint.origin))
    return opened
  }

  async function findLine(): Promise<Line> {
    const { endpoint, pool } = opened ?? (await open())
    const credentials = await client.config.credentials()
    const line =
      known?.credentials === credentials
        ? known.line
        : { pool, path: endpoint.path, signer: createSigner(endpoint, credentials) }
    const expiresAt = credentials.expiration?.getTime() ?? Infinity
    known = { line, credentials, expiresAt, until: Math.min(Date.now() + ASK_AGAIN_MS, expiresAt) }
    return line
  }

  return {
    async line(signal) {
      const nowMs = Date.now()
      if (known && nowMs < known.until) return known.line
      const coming = findLine()
      // Both may be long in coming: credentials are asked for over HTTP.
      if (!known || nowMs >= known.expiresAt) return untilAborted(coming, signal)
      // Those at hand are good for some minutes: nobody waits for the next, and a failure matters only once they end.
      known.until = Math.min(nowMs + ASK_AGAIN_MS, known.expiresAt)
      coming.catch(() => undefined)
      return known.line
    },
    async close() {
      isClosed = true
      closing ??= opened?.pool.close()
      await closing
    },
  }
}
