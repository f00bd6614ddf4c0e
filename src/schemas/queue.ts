import { Type, type Static } from 'typebox'
import { Event } from './event.ts'
import { optional, withDefault } from './optional.ts'

const MAX_LEASE_SECONDS = 43_200

const LeaseSeconds = withDefault(
  Type.Integer({
    minimum: 1,
    maximum: MAX_LEASE_SECONDS,
    default: 30,
    description: 'How long the events are held, from now.',
    examples: [30],
  }),
)
export const LeaseId = Type.String({
  description: 'The lease that a claim gave.',
  examples: ['lease_5f0c9a52b7d84e1f'],
})
const EventIds = Type.Array(Type.String(), {
  minItems: 1,
  maxItems: 100,
  description: 'Ids of events; the results come in the same order.',
  examples: [['evt_01jd8x5q3v7k2m9n4p6r8s0t1w']],
})
const LeaseExpiresAt = (description: string) =>
  Type.Unsafe<string | null>({
    type: ['string', 'null'],
    format: 'date-time',
    description,
    examples: ['2026-11-23T09:30:30.000Z'],
  })

/** Body of `POST /inbox/claim`; without one the defaults hold. */
export const ClaimBody = optional(
  Type.Object(
    {
      limit: withDefault(
        Type.Integer({
          minimum: 1,
          maximum: 100,
          default: 10,
          description: 'Most events to hand out.',
          examples: [10],
        }),
      ),
      lease_seconds: LeaseSeconds,
      wait_seconds: withDefault(
        Type.Integer({
          minimum: 0,
          maximum: 20,
          default: 0,
          description: 'How long to wait for an event when there is none.',
          examples: [20],
        }),
      ),
    },
    { $id: 'Claim', additionalProperties: false, description: 'What to hand out, and for how long.' },
  ),
)
export type ClaimBody = Static<typeof ClaimBody>

/** Answer of `POST /inbox/claim`. */
export const Claimed = Type.Object(
  {
    lease_id: Type.Unsafe<string | null>({
      type: ['string', 'null'],
      description: 'Names the hold on all of these events; null when there are none.',
      examples: ['lease_5f0c9a52b7d84e1f'],
    }),
    lease_expires_at: LeaseExpiresAt('Until when the events are held; null when there are none.'),
    events: Type.Array(Type.Unsafe<Event>({ $ref: 'Event#' }), { description: 'Oldest first.' }),
  },
  { $id: 'Claimed', additionalProperties: false, description: 'Events that the caller alone holds now.' },
)
export type Claimed = Static<typeof Claimed>

/** Body of `POST /inbox/extend`. */
export const ExtendBody = Type.Object(
  { lease_id: LeaseId, event_ids: EventIds, lease_seconds: LeaseSeconds },
  {
    $id: 'Extend',
    additionalProperties: false,
    description: 'Which events to hold longer, and for how long.',
  },
)
export type ExtendBody = Static<typeof ExtendBody>

/** Body of `POST /inbox/release`. */
export const ReleaseBody = Type.Object(
  { lease_id: LeaseId, event_ids: EventIds },
  { $id: 'Release', additionalProperties: false, description: 'Which events to give back.' },
)
export type ReleaseBody = Static<typeof ReleaseBody>

/** Body of `POST /inbox/acknowledge`. */
export const AcknowledgeManyBody = Type.Object(
  { event_ids: EventIds, lease_id: Type.Optional(LeaseId) },
  { $id: 'AcknowledgeMany', additionalProperties: false, description: 'Which events were handled.' },
)
export type AcknowledgeManyBody = Static<typeof AcknowledgeManyBody>

const RESULTS = [
  'acknowledged',
  'already_delivered',
  'extended',
  'released',
  'lease_lost',
  'conflict',
  'not_found',
] as const

export const EventResult = Type.Object(
  {
    event_id: Type.String({ examples: ['evt_01jd8x5q3v7k2m9n4p6r8s0t1w'] }),
    result: Type.Enum([...RESULTS], { description: 'What became of it.', examples: ['acknowledged'] }),
  },
  { $id: 'EventResult', additionalProperties: false, description: 'What became of one event.' },
)
export type EventResult = { event_id: string; result: (typeof RESULTS)[number] }

const results = Type.Array(Type.Unsafe<EventResult>({ $ref: 'EventResult#' }), {
  description: 'One for each id, in the order of the ids.',
})

/** Answer of `POST /inbox/release` and `POST /inbox/acknowledge`. */
export const EventResults = Type.Object(
  { results },
  { $id: 'EventResults', additionalProperties: false, description: 'What became of each event.' },
)
export type EventResults = Static<typeof EventResults>

/** Answer of `POST /inbox/extend`. */
export const Extended = Type.Object(
  { lease_expires_at: LeaseExpiresAt('Until when the extended events are held.'), results },
  { $id: 'Extended', additionalProperties: false, description: 'What became of each event.' },
)
export type Extended = Static<typeof Extended>

/** Body of `POST /events/{event_id}/nack`; without one the defaults hold. */
export const NackBody = optional(
  Type.Object(
    {
      lease_id: Type.Optional(LeaseId),
      delay_seconds: Type.Optional(
        Type.Integer({
          minimum: 0,
          maximum: MAX_LEASE_SECONDS,
          description:
            'After how many seconds it can be handed out again; by default longer with each attempt.',
          examples: [60],
        }),
      ),
      reason: Type.Optional(
        Type.String({ maxLength: 500, description: 'Why, for people.', examples: ['the shop answered 502'] }),
      ),
      permanent: Type.Optional(
        Type.Boolean({ description: 'Give it up now: it is a dead letter.', examples: [false] }),
      ),
    },
    { $id: 'Nack', additionalProperties: false, description: 'Why, and when to try again.' },
  ),
)
export type NackBody = Static<typeof NackBody>

/** Body of `POST /events/{event_id}/acknowledge`; may be left out. */
export const AcknowledgeBody = optional(
  Type.Object(
    { lease_id: Type.Optional(LeaseId) },
    { $id: 'Acknowledge', additionalProperties: false, description: 'Under which lease, if any.' },
  ),
)
export type AcknowledgeBody = Static<typeof AcknowledgeBody>
