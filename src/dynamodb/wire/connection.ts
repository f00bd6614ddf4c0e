import type { DynamoDBClient } from '@aws-sdk/client-dynamodb'
import { Pool } from 'undici'
import { findEndpoint, type Endpoint } from './endpoint.ts'
import { createSigner, type Credentials, type Signer } from './signature.ts'
import { untilAborted } from './until-aborted.ts'

/** Counts the wait for the connection too. */
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
    connect: { timeout: CONNECT_TIMEOUT_MS },
    keepAliveTimeout: IDLE_TIMEOUT_MS,
    keepAliveMaxTimeout: IDLE_TIMEOUT_MS,
    // An attempt has a time of its own, for all of it.
    headersTimeout: 0,
    bodyTimeout: 0,
  })
}

/**
 * Connects to where the configuration of an SDK client says, as who it says. Nothing is opened before the first call;
 * what fails then is tried again by the next.
 */
export function createConnection(client: DynamoDBClient, onEndpoint: (url: URL) => void): Connection {
  let opened: { endpoint: Endpoint; pool: Pool } | undefined
  let credentials: Credentials | undefined
  let known: { line: Line; until: number } | undefined

  async function findLine(): Promise<Line> {
    if (!opened) {
      const endpoint = await findEndpoint(client)
      opened ??= { endpoint, pool: openPool(endpoint) }
      onEndpoint(new URL(endpoint.origin))
    }
    const current = await client.config.credentials()
    const { endpoint, pool } = opened
    const line =
      known && current === credentials ? known.line : { pool, path: endpoint.path, signer: createSigner(endpoint, current) }
    credentials = current
    known = { line, until: Date.now() + ASK_AGAIN_MS }
    return line
  }

  return {
    async line(signal) {
      if (known && Date.now() < known.until) return known.line
      // Both may be long in coming: credentials are asked for over HTTP.
      return untilAborted(findLine(), signal)
    },
    async close() {
      await opened?.pool.close()
    },
  }
}
