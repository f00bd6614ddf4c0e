import type { UpdateItemCommandInput } from '@aws-sdk/client-dynamodb'
import type { AddressInfo } from 'node:net'
import { pino } from 'pino'
import type { Test } from 'tap'
import { buildApp } from '../../../src/app.ts'
import { createAuthenticator } from '../../../src/domain/authenticator.ts'
import { createCursors } from '../../../src/domain/cursor.ts'
import { createEventIds } from '../../../src/domain/event-id.ts'
import { createEvents } from '../../../src/domain/events.ts'
import { createLeaseId } from '../../../src/domain/lease-id.ts'
import { createEventStore } from '../../../src/dynamodb/event-store.ts'
import { createIdempotencyStore } from '../../../src/dynamodb/idempotency-store.ts'
import { createQueueStore } from '../../../src/dynamodb/queue-store.ts'
import { RETENTION_SECONDS, WINDOW_SECONDS, type TestTable } from '../table.ts'

export interface LocalAppOptions {
  /** How far the clock of this task is ahead. */
  aheadMs?: number
  maxAttempts: number
  /** How long a request may take, in ms. */
  deadlineMs?: number
  nackDelays: { minSeconds: number; maxSeconds: number }
  /** Changes each update before it is sent: to see that the tests notice. */
  sabotage?: (input: UpdateItemCommandInput) => UpdateItemCommandInput
}

const asItIs = (input: UpdateItemCommandInput) => input

/** A task of the service in this process, whose clock and writes may be off. @returns Its address. */
export async function startLocalApp(
  t: Pick<Test, 'teardown'>,
  { dynamodb: honest, table, access }: Pick<TestTable, 'dynamodb' | 'table' | 'access'>,
  options: LocalAppOptions,
): Promise<string> {
  const { aheadMs = 0, maxAttempts, deadlineMs = 2_500, nackDelays, sabotage = asItIs } = options
  const clock = () => Date.now() + aheadMs
  const dynamodb: typeof honest = {
    ...honest,
    updateItem: (input, signal) => honest.updateItem(sabotage(input), signal),
  }
  const store = { dynamodb, table, clock, retentionSeconds: RETENTION_SECONDS, maxAttempts }
  const events = createEvents({
    store: createEventStore(store),
    queue: createQueueStore(store),
    idempotency: createIdempotencyStore({ ...store, windowSeconds: WINDOW_SECONDS }),
    cursors: createCursors(['the secret that the cursors of this test are signed with']),
    clock,
    newEventId: createEventIds(clock),
    newLeaseId: createLeaseId,
    nackDelays,
    deadlineMs,
    random: Math.random,
    count: () => {},
  })
  const app = await buildApp({
    events,
    authenticator: createAuthenticator(access, Date.now),
    logger: pino({ level: 'silent' }),
    drain: { isDraining: false, isClosing: false },
    deadlineMs,
  })
  await app.listen({ host: '127.0.0.1', port: 0 })
  t.teardown(async () => {
    events.stopWaiting()
    app.server.closeAllConnections()
    await app.close()
  })
  return `http://127.0.0.1:${(app.server.address() as AddressInfo).port}`
}
