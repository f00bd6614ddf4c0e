import { claimTenantOf, type Fixture } from './fixture.ts'
import type { Load } from './load/job.ts'
import { kilobyteEvent } from './payloads.ts'
import type { Variant } from './variants.ts'

/** Events that reading finds. */
export const READ_EVENTS = 1_000
/** A lease of a second is stored as two: then the event can be claimed again. */
const LEASE_SECONDS = 1
const EVENT_BYTES = 900

export interface Endpoint {
  /** As `--endpoints` names it. */
  name: string
  /** As tables and targets name it. */
  title: string
  /** The floor and the plain service know no errors. */
  isAnsweredBy: (variant: Variant) => boolean
  /** Each request needs an event of its own that is open. */
  usesUp?: boolean
  load(setting: Setting, variant: Variant): Load
}

/** What requests are about. */
export interface Setting {
  fixture: Fixture
  /** Ids of the events of the reading tenant. */
  eventIds: string[]
  /** Ids of open events that nobody has acknowledged yet. */
  openIds: string[]
}

const authorization = ({ keys }: Fixture, tenant: string) => ({ authorization: `Bearer ${keys[tenant]}` })
const jsonHeaders = (fixture: Fixture, tenant: string) => ({
  ...authorization(fixture, tenant),
  'content-type': 'application/json',
})
const EVENT = kilobyteEvent()

/** A request that only reads, of the reading tenant. */
const reading = (
  name: string,
  title: string,
  pathsOf: (setting: Setting) => string[],
  leastBytes: number,
) => ({
  name,
  title,
  isAnsweredBy: () => true,
  load: (setting: Setting): Load => ({
    method: 'GET',
    paths: pathsOf(setting),
    headers: authorization(setting.fixture, 'reads'),
    expectedStatus: 200,
    leastBytes,
  }),
})

/** A request with a body. */
const posting = (
  name: string,
  title: string,
  {
    tenantOf,
    path,
    body,
    ...expected
  }: { tenantOf: (variant: Variant) => string; path: string; body: object } & Pick<
    Load,
    'expectedStatus' | 'leastBytes'
  >,
) => ({
  name,
  title,
  isAnsweredBy: () => true,
  load: ({ fixture }: Setting, variant: Variant): Load => ({
    method: 'POST',
    paths: [path],
    headers: jsonHeaders(fixture, tenantOf(variant)),
    body: JSON.stringify(body),
    ...expected,
  }),
})

/** A request that is refused before it reaches the store. */
const refused = (status: number, load: (setting: Setting) => Omit<Load, 'expectedStatus'>): Endpoint => ({
  name: String(status),
  title: String(status),
  isAnsweredBy: (variant) => variant !== 'floor' && variant !== 'plain',
  load: (setting) => ({ ...load(setting), expectedStatus: status }),
})

/** A key that looks like one of ours. */
const UNKNOWN_KEY = `trg_${'0'.repeat(16)}_${'0'.repeat(64)}`

/** Everything that is measured, in the order of the table. */
export const ENDPOINTS: Endpoint[] = [
  reading('get', 'GET /events/{id}', ({ eventIds }) => eventIds.map((id) => `/events/${id}`), EVENT_BYTES),
  posting('create', 'POST /events', {
    tenantOf: () => 'creates',
    path: '/events',
    body: EVENT,
    expectedStatus: 201,
    leastBytes: EVENT_BYTES,
  }),
  {
    name: 'acknowledge',
    title: 'POST /events/{id}/acknowledge',
    isAnsweredBy: () => true,
    usesUp: true,
    load: ({ fixture, openIds }) => ({
      method: 'POST',
      paths: openIds.map((id) => `/events/${id}/acknowledge`),
      once: true,
      headers: authorization(fixture, 'acknowledges'),
      expectedStatus: 204,
    }),
  },
  reading('list', 'GET /events (50)', () => ['/events?limit=50'], 50 * 150),
  reading('inbox', 'GET /inbox (100)', () => ['/inbox?limit=100'], 100 * EVENT_BYTES),
  posting('claim', 'POST /inbox/claim (10)', {
    tenantOf: claimTenantOf,
    path: '/inbox/claim',
    body: { limit: 10, lease_seconds: LEASE_SECONDS },
    expectedStatus: 200,
    leastBytes: 10 * EVENT_BYTES,
  }),
  posting('batch', 'POST /events/batch (10)', {
    tenantOf: () => 'creates',
    path: '/events/batch',
    body: { events: Array.from({ length: 10 }, () => EVENT) },
    expectedStatus: 200,
    leastBytes: 10 * EVENT_BYTES,
  }),
  refused(404, ({ fixture }) => ({
    method: 'GET',
    paths: ['/events/evt_abc123xyz456'],
    headers: authorization(fixture, 'reads'),
  })),
  refused(400, ({ fixture }) => ({
    method: 'POST',
    paths: ['/events'],
    headers: jsonHeaders(fixture, 'creates'),
    body: JSON.stringify({ ...EVENT, event_type: '' }),
  })),
  refused(401, () => ({
    method: 'POST',
    paths: ['/inbox/claim'],
    headers: { authorization: `Bearer ${UNKNOWN_KEY}` },
  })),
]
