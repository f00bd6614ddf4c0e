import { DeleteTableCommand, type DynamoDBClient } from '@aws-sdk/client-dynamodb'
import type { FastifyInstance, InjectOptions } from 'fastify'
import { randomUUID } from 'node:crypto'
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import type { AddressInfo } from 'node:net'
import { pino } from 'pino'
import root, { type Test } from 'tap'
import { buildApp } from '../../src/app.ts'
import { ROLES, type Role } from '../../src/domain/access.ts'
import { createAuthenticator } from '../../src/domain/authenticator.ts'
import { createCursors } from '../../src/domain/cursor.ts'
import { createEventIds } from '../../src/domain/event-id.ts'
import { createEvents } from '../../src/domain/events.ts'
import { createKey } from '../../src/domain/key-management.ts'
import { createLeaseId } from '../../src/domain/lease-id.ts'
import type { AccessAdminStore } from '../../src/domain/ports.ts'
import { createAccessStore } from '../../src/dynamodb/access-store.ts'
import { createClient, createDynamoDB, type DynamoDB } from '../../src/dynamodb/client.ts'
import { openEmbeddedStore } from '../../src/dynamodb/embedded/embedded-store.ts'
import { createEventStore } from '../../src/dynamodb/event-store.ts'
import { createIdempotencyStore } from '../../src/dynamodb/idempotency-store.ts'
import { migrate } from '../../src/dynamodb/migrate.ts'
import { createQueueStore } from '../../src/dynamodb/queue-store.ts'
import { UNLIMITED, type Limits } from '../../src/limits.ts'
import type { Recorder } from '../../src/metrics/recorder.ts'
import { UNOBSERVED } from '../../src/observability.ts'
import type { EventAnswer } from '../../src/schemas/event.ts'
import { dynamoDBLocalEndpoint } from './dynamodb-local.ts'
import { CANARY_HEADER, keepOutput } from './leaks.ts'
import { assertDocumented } from './openapi-responses.ts'
import { RETENTION_SECONDS, WINDOW_SECONDS } from './table.ts'

export const RETENTION_MS = RETENTION_SECONDS * 1000
export const IDEMPOTENCY_WINDOW_MS = WINDOW_SECONDS * 1000

/** After so many hand-outs an event is given up. */
export const MAX_ATTEMPTS = 3

/** Longer than any of these tests takes: what is asserted is the answer, not how soon it comes. */
const DEADLINE_MS = 20_000

/** One table for the test file, in which every app has tenants of its own. */
interface SharedTable {
  client: DynamoDBClient
  table: string
}
let shared: Promise<SharedTable> | undefined

/** Without a Java runtime the embedded store serves: slower, yet the contract is the same. */
async function openEndpoint(): Promise<string> {
  const local = await dynamoDBLocalEndpoint(root)
  if (local !== undefined) return local
  const store = await openEmbeddedStore({ folder: root.testdir() })
  root.teardown(() => store.stop())
  return store.endpoint
}

async function openSharedTable(): Promise<SharedTable> {
  const endpoint = await openEndpoint()
  const client = createClient({ endpoint, region: 'local' })
  const table = `app-${randomUUID()}`
  await migrate(client, table)
  root.teardown(async () => {
    await client.send(new DeleteTableCommand({ TableName: table }))
    client.destroy()
  })
  return { client, table }
}

/** The real time, until it is set or moved; from then on it stands still. */
export function createClock() {
  let frozen: number | undefined
  const now = () => frozen ?? Date.now()
  return {
    now,
    set: (time: string) => {
      frozen = Date.parse(time)
    },
    advance: (ms: number) => {
      frozen = now() + ms
    },
  }
}

/** The headers that a client of this role sends. */
export type KeyHeaders = { authorization: string }

export type TenantKeys = { name: string } & Record<Role, KeyHeaders>

async function createTenant(
  access: AccessAdminStore,
  now: () => number,
  prefix: string,
): Promise<TenantKeys> {
  const name = `${prefix}-${randomUUID()}`
  const headersFor = async (role: Role): Promise<KeyHeaders> => {
    const wanted = { tenant: name, scopes: ROLES[role], name: null, valid_until: null }
    const { token } = await createKey(access, now, wanted)
    return { authorization: `Bearer ${token}` }
  }
  const [producer, consumer, admin] = await Promise.all([
    headersFor('producer'),
    headersFor('consumer'),
    headersFor('admin'),
  ])
  return { name, producer, consumer, admin }
}

/** A path pattern such as `/events/:event_id`, and the methods it has. */
export interface Route {
  pattern: string
  methods: string[]
}

/** A path that the pattern matches. */
export function pathOf({ pattern }: Route): string {
  return pattern.replaceAll(/:[a-z_]+/g, 'evt_x').replace('*', 'nothing')
}

/** Runs what makes an app, and notes every route that is registered with it, those that no document shows too. */
function watchRoutes<App>(build: () => App): [App, Route[]] {
  const routes: Route[] = []
  const watch = (message: unknown) => {
    const { fastify } = message as { fastify: FastifyInstance }
    fastify.addHook('onRoute', ({ url, method }) => {
      const methods = [method].flat()
      const known = routes.find(({ pattern }) => pattern === url)
      if (known) known.methods.push(...methods)
      else routes.push({ pattern: url, methods })
    })
  }
  subscribe('fastify.initialization', watch)
  const app = build()
  unsubscribe('fastify.initialization', watch)
  return [app, routes]
}

export interface TestAppOptions {
  /** What stands between the app and its table, to make calls fail. Tenants and keys are made without it. */
  intercept?: (dynamodb: DynamoDB) => DynamoDB
  /** Replaces the secrets that sign cursors. */
  cursorSecrets?: [string, ...string[]]
  /** How much is let in; everything unless it is given. */
  limits?: Partial<Limits>
  /** Who is told what is counted. */
  recorder?: Recorder
}

/**
 * The real app over DynamoDB Local, with two tenants that have a key of each role. It closes itself with the test,
 * and it fails the test with any answer that openapi.json does not have.
 */
export async function buildTestApp(t: Test, options: TestAppOptions = {}) {
  const { intercept = (same: DynamoDB) => same, cursorSecrets = ['the secret of the test app'] } = options
  const { client, table } = await (shared ??= openSharedTable())
  const clock = createClock()
  const dynamodb = intercept(createDynamoDB(client))
  const storeOptions = { dynamodb, table, clock: clock.now }
  const accessOf = (calls: DynamoDB) => createAccessStore({ dynamodb: calls, table, timeoutMs: DEADLINE_MS })
  const access = accessOf(createDynamoDB(client))
  const [acme, globex] = await Promise.all([
    createTenant(access, clock.now, 'acme'),
    createTenant(access, clock.now, 'globex'),
  ])
  const logs: LogLine[] = []
  const written: string[] = []
  const drain = { isDraining: false, isClosing: false }
  const [building, routes] = watchRoutes(() =>
    buildApp({
      events: createEvents({
        store: createEventStore({ ...storeOptions, retentionSeconds: RETENTION_SECONDS }),
        idempotency: createIdempotencyStore({ ...storeOptions, windowSeconds: WINDOW_SECONDS }),
        cursors: createCursors(cursorSecrets),
        clock: clock.now,
        newEventId: createEventIds(clock.now),
        random: Math.random,
        count: () => {},
        queue: createQueueStore({
          ...storeOptions,
          retentionSeconds: RETENTION_SECONDS,
          maxAttempts: MAX_ATTEMPTS,
        }),
        newLeaseId: createLeaseId,
        nackDelays: { minSeconds: 1, maxSeconds: 3_600 },
        deadlineMs: DEADLINE_MS,
      }),
      authenticator: createAuthenticator(accessOf(dynamodb), clock.now),
      logger: pino(
        { level: 'debug', base: null, timestamp: false },
        {
          write: (line: string) => {
            written.push(line)
            logs.push(JSON.parse(line) as LogLine)
          },
        },
      ),
      drain,
      deadlineMs: DEADLINE_MS,
      limits: { ...UNLIMITED, ...options.limits },
      observability: { ...UNOBSERVED, ...(options.recorder && { recorder: options.recorder }) },
    }),
  )
  const fastify = await building
  t.teardown(async () => {
    await fastify.close()
    keepOutput(written.join(''))
  })

  return {
    fastify,
    acme,
    globex,
    access,
    clock,
    drain,
    table,
    routes,
    /** Every line logged so far, without time and host. */
    logs,
    /** Sends a request. Rejects when the answer is not one of openapi.json. */
    async inject(request: InjectOptions) {
      const headers = { ...CANARY_HEADER, ...request.headers }
      const response = await fastify.inject({ ...request, headers })
      assertDocumented({
        method: request.method ?? 'GET',
        url: request.url as string,
        status: response.statusCode,
        headers: response.headers,
        body: response.body,
      })
      return response
    },
    /** Listens on a free port, which it returns. */
    async listen(): Promise<number> {
      await fastify.listen({ host: '127.0.0.1', port: 0 })
      return (fastify.server.address() as AddressInfo).port
    },
  }
}

export type TestApp = Awaited<ReturnType<typeof buildTestApp>>

export type LogLine = Record<string, unknown> & { level: number; msg: string }

/** Posts an event as a step on the way to what is tested. */
export async function givenEvent(
  app: TestApp,
  event: object = {},
  { producer } = app.acme,
): Promise<EventAnswer> {
  const response = await app.inject({
    method: 'POST',
    url: '/events',
    headers: producer,
    payload: { event_type: 'order.created', payload: {}, ...event },
  })
  if (response.statusCode !== 201) throw new Error(`The event was not accepted: ${response.body}`)
  return response.json()
}

/** Posts so many events, one after the other. @returns Them in the order of their making. */
export async function givenEvents(app: TestApp, count: number, event: object = {}): Promise<EventAnswer[]> {
  const events: EventAnswer[] = []
  for (let n = 0; n < count; n++) events.push(await givenEvent(app, { payload: { n }, ...event }))
  return events
}

/** Acknowledges an event as a step on the way to what is tested. */
export async function givenAcknowledged(app: TestApp, { event_id }: EventAnswer): Promise<void> {
  const response = await app.inject({
    method: 'POST',
    url: `/events/${event_id}/acknowledge`,
    headers: app.acme.consumer,
  })
  if (response.statusCode !== 204) throw new Error(`The event was not acknowledged: ${response.body}`)
}

/** The target of `Link: <…>; rel="next"`, undefined where there is no link. */
export function nextPageOf({ headers }: { headers: Record<string, unknown> }): string | undefined {
  const link = headers['link']
  return typeof link === 'string' ? /^<([^>]+)>; rel="next"$/.exec(link)?.[1] : undefined
}

/** Follows the links from a page to the last one. @returns The items of every page. */
export async function walk<Item>(app: TestApp, headers: KeyHeaders, url: string): Promise<Item[][]> {
  const pages: Item[][] = []
  for (let next: string | undefined = url; next !== undefined;) {
    const response = await app.inject({ url: next, headers: { ...headers } })
    if (response.statusCode !== 200) throw new Error(`The page was not answered: ${response.body}`)
    pages.push(response.json())
    if (pages.length > 100) throw new Error('The walk does not end')
    next = nextPageOf(response)
  }
  return pages
}
