import type { AddressInfo } from 'node:net'
import { buildApp } from './app.ts'
import { ConfigError, readConfig, type Config } from './config.ts'
import { createAuthenticator } from './domain/authenticator.ts'
import { boundKeyLookups } from './domain/bounded-lookups.ts'
import { createCursors } from './domain/cursor.ts'
import { createEventIds } from './domain/event-id.ts'
import { createEvents } from './domain/events.ts'
import { createLeaseId } from './domain/lease-id.ts'
import { createEventStore } from './dynamodb/event-store.ts'
import { createIdempotencyStore } from './dynamodb/idempotency-store.ts'
import { createQueueStore } from './dynamodb/queue-store.ts'
import { giveBackMemory } from './heap.ts'
import { openOutput, type Output } from './logging/output.ts'
import { createRecorder, type Recorder, type WindowedRecorder } from './metrics/recorder.ts'
import { startObservability } from './observability.ts'
import { createShutdown } from './shutdown.ts'
import { openStorage, type Storage } from './storage.ts'
import { createFirstKeys, firstRunText, laterRunText } from './welcome.ts'

const clock = Date.now
/** Connections that the kernel holds until they are taken: as many as Linux allows, so that a rush is answered and not dropped. */
const BACKLOG = 4_096
/** How long the last log lines may take to be written. */
const LOG_FLUSH_MS = 1_000

function createDomain(config: Config, { dynamodb, table, access }: Storage, recorder: Recorder) {
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
    count: (name, by) => {
      recorder.count(name, by)
    },
  })
  const lookups = boundKeyLookups(access, {
    perSecond: config.keyLookupsPerSecond,
    now: () => performance.now(),
    onRefused: () => {
      recorder.count('RefusedByKeyLookups')
    },
  })
  return { events, authenticator: createAuthenticator(lookups, clock) }
}

/** Prints what somebody who just started the service on their machine wants to do next. */
async function welcome(host: string, address: unknown, { access }: Storage): Promise<void> {
  const url = `http://${host}:${(address as AddressInfo).port}`
  const keys = await createFirstKeys(access, clock)
  process.stdout.write(keys ? firstRunText(url, keys) : laterRunText(url))
}

/** Ends the process at a signal. */
function endAtSignal(shutdown: (reason: string) => Promise<void>, { destination }: Output): void {
  const end = async (signal: string) => {
    await shutdown(signal)
    await destination.flush(LOG_FLUSH_MS)
    // What may still be pending, such as an export to a collector that hangs, is not worth a second more.
    process.exit(0)
  }
  process.once('SIGTERM', (signal) => void end(signal))
  process.once('SIGINT', (signal) => void end(signal))
}

async function serve(config: Config, recorder: WindowedRecorder, output: Output): Promise<void> {
  const { logger, destination } = output
  const { writeLine } = destination
  const observability = await startObservability({
    config: config.observability,
    recorder,
    logger,
    clock,
    writeLine,
  })
  const storage = await openStorage(config.storage, {
    observer: observability.calls,
    onRestart: (reason) => {
      logger.error({ reason }, 'the embedded store died and was started again')
    },
  })
  observability.watch(storage)
  const drain = { isDraining: false, isClosing: false }
  const domain = createDomain(config, storage, recorder)
  const app = await buildApp({ ...domain, ...config, logger, drain, observability })
  const shutdown = createShutdown({
    drain,
    logger,
    server: app.server,
    onDraining: domain.events.stopWaiting,
    close: () => app.close(),
    release: async () => {
      await observability.stop()
      await storage.close()
    },
    ...config.shutdown,
  })
  endAtSignal(shutdown, output)
  // Before anybody is served, so that nobody waits for it.
  giveBackMemory()
  await app.listen({ host: config.host, port: config.port, backlog: BACKLOG })
  if (config.storage.kind === 'embedded') await welcome(config.host, app.server.address(), storage)
}

/** Starts the service, or says on stderr why it cannot. */
export async function startService(): Promise<void> {
  try {
    const config = readConfig(process.env)
    const recorder = createRecorder(clock)
    const output = await openOutput({ level: config.logLevel, isPretty: !config.isProduction, recorder })
    await serve(config, recorder, output)
  } catch (error) {
    const known = error instanceof ConfigError || (error instanceof Error && 'syscall' in error)
    process.stderr.write(
      `${known ? error.message : error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`,
    )
    process.exit(1)
  }
}
