import { Type, type Static } from 'typebox'
import { EventStatus, EventType } from './event.ts'
import { withDefault } from './optional.ts'

const limit = (byDefault: number) =>
  withDefault(
    Type.Integer({
      minimum: 1,
      maximum: 100,
      default: byDefault,
      description: 'Most events to answer.',
      examples: [25],
    }),
  )

const Cursor = Type.String({
  description:
    'Where the page before ended: the `X-Next-Cursor` of its answer. Other parameters must stay the same.',
})

const moment = (description: string, example: string) =>
  Type.String({ format: 'date-time', description, examples: [example] })

/** Query of routes that take no parameters: any is a fault. */
export const NoQuery = Type.Object({}, { additionalProperties: false })

/** Query of `GET /events`. */
export const ListQuery = Type.Object(
  {
    status: Type.Optional(EventStatus),
    event_type: Type.Optional(EventType),
    created_after: Type.Optional(
      moment('Only events accepted at this moment or later (RFC 3339, any offset).', '2026-11-23T00:00:00Z'),
    ),
    created_before: Type.Optional(
      moment(
        'Only events accepted before this moment (RFC 3339, any offset); later than `created_after`.',
        '2026-11-24T00:00:00Z',
      ),
    ),
    limit: limit(50),
    cursor: Type.Optional(Cursor),
  },
  { additionalProperties: false },
)
export type ListQuery = Static<typeof ListQuery>

/** Query of `GET /inbox`. */
export const InboxQuery = Type.Object(
  { event_type: Type.Optional(EventType), limit: limit(100), cursor: Type.Optional(Cursor) },
  { additionalProperties: false },
)
export type InboxQuery = Static<typeof InboxQuery>
