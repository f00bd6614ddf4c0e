import { Type, type Static } from 'typebox'

/** Letters, digits and `. _ - : /`, starting with a letter or digit: what is safe in a URL, a log and an index. */
export const EventType = Type.String({
  pattern: '^[A-Za-z0-9][A-Za-z0-9._:/-]{0,99}$',
  description: 'What happened: 1–100 ASCII letters, digits and `. _ - : /`, starting with a letter or digit.',
  examples: ['order.created'],
})

export type JsonObject = Record<string, unknown>

/** Any JSON object, as the client's own data: no rule of ours applies inside it. */
const jsonObject = (description: string, example: JsonObject) =>
  Type.Unsafe<JsonObject>({ type: 'object', additionalProperties: true, description, examples: [example] })

// A list of types rather than a union: a union makes the serializer validate each value to choose its branch.
const nullableJsonObject = (description: string, example: JsonObject) =>
  Type.Unsafe<JsonObject | null>({
    type: ['object', 'null'],
    additionalProperties: true,
    description,
    examples: [example],
  })

const PAYLOAD = ['The event itself, kept exactly as it was sent.', { order_id: 42, total: '19.90' }] as const
const METADATA = ['Data about the event: where it came from, how to route it.', { source: 'shop' }] as const

export const Payload = jsonObject(...PAYLOAD)
export const Metadata = nullableJsonObject(...METADATA)

/** Events may be put off by 90 days at most. */
export const MAX_DELAY_SECONDS = 90 * 86_400

export const DeliverAt = Type.String({
  format: 'date-time',
  description:
    'From when the event is in the inbox: at most 90 days ahead; the past means now. Not with `delay_seconds`.',
  examples: ['2026-11-24T06:00:00Z'],
})
export const DelaySeconds = Type.Integer({
  minimum: 0,
  maximum: MAX_DELAY_SECONDS,
  description: 'After how many seconds the event is in the inbox. Not with `deliver_at`.',
})

/** When an event is to be delivered is said in one way at most. */
export const ONE_DELIVERY_TIME = { not: { type: 'object', required: ['deliver_at', 'delay_seconds'] } }

/** Body of `POST /events`. */
export const NewEvent = Type.Object(
  {
    event_type: EventType,
    payload: Payload,
    metadata: Type.Optional(Metadata),
    deliver_at: Type.Optional(DeliverAt),
    delay_seconds: Type.Optional(DelaySeconds),
  },
  {
    $id: 'NewEvent',
    additionalProperties: false,
    ...ONE_DELIVERY_TIME,
    description: 'An event to be accepted.',
    examples: [{ event_type: 'order.created', payload: PAYLOAD[1], metadata: METADATA[1] }],
  },
)
export type NewEvent = Static<typeof NewEvent>

export const EVENT_STATUSES = ['pending', 'undelivered', 'delivered', 'failed'] as const

export const EventStatus = Type.Enum([...EVENT_STATUSES], {
  description:
    '`pending`: never handed out. `undelivered`: handed out or rejected at least once, still to be delivered. ' +
    '`delivered`: acknowledged. `failed`: given up (dead letter).',
  examples: ['pending'],
})
export type EventStatus = (typeof EVENT_STATUSES)[number]

const EventId = Type.String({
  description: 'Opaque id of the event.',
  examples: ['evt_01jd8x5q3v7k2m9n4p6r8s0t1w'],
})
const CreatedAt = Type.String({
  format: 'date-time',
  description: 'When the event was accepted (RFC 3339, UTC, milliseconds).',
  examples: ['2026-11-23T09:30:00.000Z'],
})
const DeliveredAt = Type.Unsafe<string | null>({
  type: ['string', 'null'],
  format: 'date-time',
  description: 'When the event was first acknowledged; null until then.',
  examples: ['2026-11-23T09:30:01.250Z'],
})

const moment = (description: string) =>
  Type.Unsafe<string | null>({ type: ['string', 'null'], format: 'date-time', description, examples: [null] })

const FailedAt = moment('When the event was given up; null unless it is `failed`.')

const SUMMARY_EXAMPLE = {
  event_id: 'evt_01jd8x5q3v7k2m9n4p6r8s0t1w',
  event_type: 'order.created',
  status: 'pending',
  created_at: '2026-11-23T09:30:00.000Z',
  delivered_at: null,
  failed_at: null,
}

const EventAnswer = Type.Object(
  {
    event_id: EventId,
    event_type: EventType,
    payload: Payload,
    metadata: Metadata,
    status: EventStatus,
    created_at: CreatedAt,
    delivered_at: DeliveredAt,
    delivery_attempts: Type.Integer({
      minimum: 0,
      description: 'How often the event was handed out under a lease.',
      examples: [0],
    }),
    available_at: moment('From when the event can be handed out; null once it is delivered or failed.'),
    lease_expires_at: moment('Until when its holder has it; null when no lease runs.'),
    last_failure_reason: Type.Unsafe<string | null>({
      type: ['string', 'null'],
      description: 'What the consumer said when it last rejected the event.',
      examples: ['the shop answered 502'],
    }),
    failed_at: FailedAt,
  },
  {
    $id: 'Event',
    additionalProperties: false,
    description: 'An event with its payload.',
    examples: [
      {
        ...SUMMARY_EXAMPLE,
        payload: PAYLOAD[1],
        metadata: METADATA[1],
        delivery_attempts: 0,
        available_at: '2026-11-23T09:30:00.000Z',
        lease_expires_at: null,
        last_failure_reason: null,
      },
    ],
  },
)
/** An event whole, as clients see it. */
export type EventAnswer = Static<typeof EventAnswer>

/**
 * An event whole, as the service handles it: the client's data are never looked into, so they stay JSON text,
 * `{"payload":…,"metadata":…}`, from the store to the answer (plugins/serializers.ts).
 */
export type Event = Omit<EventAnswer, 'payload' | 'metadata'> & { body: string }

/** An event whole, as `GET /events/{event_id}`, `GET /inbox` and `POST /events` answer it. */
export const Event = Type.Unsafe<Event>(EventAnswer)

/** What lists show of an event: everything but the client's data. */
export const EventSummary = Type.Object(
  {
    event_id: EventId,
    event_type: EventType,
    status: EventStatus,
    created_at: CreatedAt,
    delivered_at: DeliveredAt,
    failed_at: FailedAt,
  },
  {
    $id: 'EventSummary',
    additionalProperties: false,
    description: 'An event without its payload.',
    examples: [SUMMARY_EXAMPLE],
  },
)
export type EventSummary = Static<typeof EventSummary>

/** The path parameter of every route of one event. Any text is let through: what is not an id is not found. */
export const EventPath = Type.Object({ event_id: EventId })
export type EventPath = Static<typeof EventPath>
