import type { DynamoDBClient } from '@aws-sdk/client-dynamodb'
import type { StorageConfig } from './config.ts'
import type { AccessAdminStore } from './domain/ports.ts'
import { createAccessStore } from './dynamodb/access-store.ts'
import { createClient, createDynamoDB, type CallObserver, type DynamoDB } from './dynamodb/client.ts'
import { openEmbeddedStore } from './dynamodb/embedded/embedded-store.ts'
import { migrate } from './dynamodb/migrate.ts'

/** A look-up of a key or tenant takes at most this long. */
const ACCESS_TIMEOUT_MS = 900

/** The table and the way to it, as the server and the commands use it. */
export interface Storage {
  client: DynamoDBClient
  dynamodb: DynamoDB
  table: string
  access: AccessAdminStore
  close(): Promise<void>
}

interface OpenOptions {
  /** Join the embedded store of a running server where there is one. */
  attach?: boolean
  /** Told when the embedded store died and was started again. */
  onRestart?: (reason: string) => void
  /** Told of the calls of requests. */
  observer?: CallObserver | undefined
}

interface Connection {
  client: DynamoDBClient
  table: string
  observer: CallObserver | undefined
  stop: () => Promise<void>
}

function connect({ client, table, observer, stop }: Connection): Storage {
  const dynamodb = createDynamoDB(client, observer)
  return {
    client,
    dynamodb,
    table,
    access: createAccessStore({ dynamodb, table, timeoutMs: ACCESS_TIMEOUT_MS }),
    async close() {
      client.destroy()
      await dynamodb.close()
      await stop()
    },
  }
}

/**
 * Opens the configured storage. Of DynamoDB nothing is asked here: the process starts, and stays up, without it. The
 * embedded store is started and its table made.
 */
export async function openStorage(config: StorageConfig, options: OpenOptions = {}): Promise<Storage> {
  const { table } = config
  const { observer } = options
  if (config.kind === 'dynamodb') {
    return connect({ client: createClient(config), table, observer, stop: async () => {} })
  }
  const store = await openEmbeddedStore({ folder: config.folder, ...options })
  const client = createClient({ endpoint: store.endpoint, region: 'local' })
  await migrate(client, table)
  return connect({ client, table, observer, stop: () => store.stop() })
}
