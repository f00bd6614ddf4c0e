import { Type, type Static } from 'typebox'

const count = (description: string) => Type.Integer({ minimum: 0, description, examples: [0] })

/** Answer of `GET /inbox/stats`. */
export const InboxStats = Type.Object(
  {
    available: count('Can be handed out now.'),
    delayed: count('Can be handed out later: delayed or rejected.'),
    leased: count('Are held by a consumer.'),
    failed: count('Were given up: dead letters.'),
    oldest_available_age_seconds: Type.Unsafe<number | null>({
      type: ['number', 'null'],
      description: 'For how long the oldest available event has been so; null when there is none.',
      examples: [0.25],
    }),
    capped: Type.Boolean({
      description: 'A number ended at 10,000, or at the read budget: there are more.',
      examples: [false],
    }),
  },
  { $id: 'InboxStats', additionalProperties: false, description: 'How much is in the inbox.' },
)
export type InboxStats = Static<typeof InboxStats>
