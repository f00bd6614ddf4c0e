import { Type, type Static } from 'typebox'
import { EventType } from './event.ts'
import { optional, withDefault } from './optional.ts'

/** Body of `POST /events/{event_id}/redrive`: none, or an empty object. */
export const EmptyBody = optional(
  Type.Object({}, { $id: 'Empty', additionalProperties: false, description: 'Nothing; may be left out.' }),
)

/** Body of `POST /inbox/redrive`; without one the defaults hold. */
export const RedriveBody = optional(
  Type.Object(
    {
      event_type: Type.Optional(EventType),
      failed_after: Type.Optional(
        Type.String({ format: 'date-time', description: 'Only what failed then or later.' }),
      ),
      failed_before: Type.Optional(
        Type.String({
          format: 'date-time',
          description: 'Only what failed before; later than `failed_after`.',
        }),
      ),
      limit: withDefault(
        Type.Integer({ minimum: 1, maximum: 1000, default: 100, description: 'Most events to redrive.' }),
      ),
      dry_run: withDefault(Type.Boolean({ default: false, description: 'Only count them.' })),
      cursor: Type.Optional(Type.String({ description: 'The `next_cursor` of the answer before.' })),
    },
    {
      $id: 'Redrive',
      additionalProperties: false,
      description: 'Which dead letters to give another chance.',
      // Whole: no cursor of an example leads anywhere.
      examples: [
        {
          event_type: 'order.created',
          failed_after: '2026-11-23T00:00:00Z',
          failed_before: '2026-11-24T00:00:00Z',
          limit: 100,
          dry_run: true,
        },
      ],
    },
  ),
)
export type RedriveBody = Static<typeof RedriveBody>

/** Answer of `POST /inbox/redrive`. */
export const Redriven = Type.Object(
  {
    matched: Type.Integer({ description: 'Dead letters that matched, of this page.', examples: [2] }),
    redriven: Type.Integer({ description: 'How many of them are pending again.', examples: [2] }),
    next_cursor: Type.Unsafe<string | null>({
      type: ['string', 'null'],
      description: 'Leads to the next page; null on the last.',
      examples: [null],
    }),
  },
  { $id: 'Redriven', additionalProperties: false, description: 'What was found and redriven.' },
)
export type Redriven = Static<typeof Redriven>
