import type { AddressInfo } from 'node:net'
import { pino, type Logger } from 'pino'
import { buildApp } from './app.ts'
import { ConfigError, readConfig, type Config } from './config.ts'
import { createAuthenticator } from './domain/authenticator.ts'
import { createCursors } from './domain/cursor.ts'
import { createEventIds } from './domain/event-id.ts'
import { createEvents } from './domain/events.ts'
import { createLeaseId } from './domain/lease-id.ts'
import { createEventStore } from './dynamodb/event-store.ts'
import { createIdempotencyStore } from './dynamodb/idempotency-store.ts'
import { createQueueStore } from './dynamodb/queue-store.ts'
import { createShutdown } from './shutdown.ts'
import { openStorage, type Storage } from './storage.ts'
import { createFirstKeys, firstRunText, laterRunText } from './welcome.ts'

const clock = Date.now

function createDomain(config: Config, { dynamodb, table, access }: Storage) {
  const {
    retentionSeconds,
    maxAttempts,
    nackDelays,
    deadlineMs,
    idempotencyWindowSeconds: windowSeconds,
  } = config
  const events = createEvents({
    store: createEventStore({ dynamodb, table, clock, retentionSeconds }),
    queue: createQueueStore({ dynamodb, table, clock, retentionSeconds, maxAttempts }),
    idempotency: createIdempotencyStore({ dynamodb, table, clock, windowSeconds }),
    cursors: createCursors(config.cursorSecrets),
    clock,
    newEventId: createEventIds(clock),
    newLeaseId: createLeaseId,
    nackDelays,
    deadlineMs,
    random: Math.random,
    count: () => {},
  })
  return { events, authenticator: createAuthenticator(access, clock) }
}

/** Prints what somebody who just started the service on their machine wants to do next. */
async function welcome(url: string, { access }: Storage): Promise<void> {
  const keys = await createFirstKeys(access, clock)
  process.stdout.write(keys ? firstRunText(url, keys) : laterRunText(url))
}

async function serve(config: Config, logger: Logger): Promise<void> {
  const storage = await openStorage(config.storage, {
    onRestart: (reason) => {
      logger.error({ reason }, 'the embedded store died and was started again')
    },
  })
  const drain = { isDraining: false, isClosing: false }
  const domain = createDomain(config, storage)
  const app = await buildApp({ ...domain, logger, drain, deadlineMs: config.deadlineMs })
  const shutdown = createShutdown({
    drain,
    logger,
    server: app.server,
    onDraining: domain.events.stopWaiting,
    close: () => app.close(),
    release: () => storage.close(),
    ...config.shutdown,
  })
  process.once('SIGTERM', (signal) => void shutdown(signal))
  process.once('SIGINT', (signal) => void shutdown(signal))
  await app.listen({ host: config.host, port: config.port })
  if (config.storage.kind === 'embedded') {
    const { port } = app.server.address() as AddressInfo
    await welcome(`http://${config.host}:${port}`, storage)
  }
}

/** Starts the service, or says on stderr why it cannot. */
async function main(): Promise<void> {
  try {
    const config = readConfig(process.env)
    await serve(config, pino({ level: config.logLevel }))
  } catch (error) {
    const known = error instanceof ConfigError || (error instanceof Error && 'syscall' in error)
    process.stderr.write(
      `${known ? error.message : error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`,
    )
    process.exit(1)
  }
}

await main()
