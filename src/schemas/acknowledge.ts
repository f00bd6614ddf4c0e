import { Type } from 'typebox'

/** Body of `POST /events/{event_id}/acknowledge`: none, or an empty object. */
export const AcknowledgeBody = Type.Unsafe<Record<string, never> | null>({
  type: ['object', 'null'],
  properties: {},
  additionalProperties: false,
  description: 'May be left out.',
  examples: [{}],
})
