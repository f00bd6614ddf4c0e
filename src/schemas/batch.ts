import { Type, type Static } from 'typebox'
import { ErrorDetails, ErrorEnvelope } from './error.ts'
import { DelaySeconds, DeliverAt, Event, EventType, Metadata, ONE_DELIVERY_TIME, Payload } from './event.ts'
import { IdempotencyKey } from './idempotency.ts'

const EXAMPLE = {
  event_type: 'order.created',
  payload: { order_id: 42 },
  idempotency_key: 'order-42-created',
}

/** One member of `POST /events/batch`. */
export const BatchEvent = Type.Object(
  {
    event_type: EventType,
    payload: Payload,
    metadata: Type.Optional(Metadata),
    deliver_at: Type.Optional(DeliverAt),
    delay_seconds: Type.Optional(DelaySeconds),
    idempotency_key: Type.Optional(IdempotencyKey),
  },
  {
    $id: 'BatchEvent',
    additionalProperties: false,
    ...ONE_DELIVERY_TIME,
    description: 'An event to be accepted, with a key of its own.',
    examples: [EXAMPLE],
  },
)
export type BatchEvent = Static<typeof BatchEvent>

/** A member of a batch as it may come: the request is not refused for what it is. */
const BatchMember = Type.Unsafe<BatchEvent>({
  anyOf: [
    { $ref: 'BatchEvent#' },
    { description: 'Whatever else it is, its own result is 400 and the other events are stored.' },
  ],
})

/**
 * Body of `POST /events/batch`. The validation of the request leaves its members alone (plugins/validation.ts): they are
 * checked one by one afterwards, so that one bad event does not spoil the others.
 */
export const Batch = Type.Object(
  {
    events: Type.Array(BatchMember, {
      minItems: 1,
      maxItems: 100,
      description: 'Up to 100 events.',
    }),
  },
  {
    $id: 'Batch',
    additionalProperties: false,
    description: 'Events to be accepted, each by itself.',
    examples: [{ events: [EXAMPLE] }],
  },
)
export type Batch = Static<typeof Batch>

/** What became of one member: the event, or why there is none. */
export const BatchResult = Type.Object(
  {
    status: Type.Enum([201, 400, 413, 422], {
      description: 'The status that it would have had alone.',
      examples: [201],
    }),
    event: Type.Optional(Type.Unsafe<Event>({ $ref: 'Event#' })),
    error: Type.Optional(
      Type.Object(
        {
          error: ErrorEnvelope.properties.error,
          message: ErrorEnvelope.properties.message,
          details: Type.Optional(ErrorDetails),
        },
        { additionalProperties: false, description: 'As an error answer, without its request id.' },
      ),
    ),
  },
  { $id: 'BatchResult', additionalProperties: false, description: 'What became of one event.' },
)
export type BatchResult = Static<typeof BatchResult>

/** Answer of `POST /events/batch`. */
export const BatchResults = Type.Object(
  {
    results: Type.Array(Type.Unsafe<BatchResult>({ $ref: 'BatchResult#' }), {
      description: 'One for each event, in the order of the events.',
    }),
  },
  { $id: 'BatchResults', additionalProperties: false, description: 'What became of each event.' },
)
