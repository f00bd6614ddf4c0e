import { Type } from 'typebox'

/** Answer of `GET /health` and `GET /ready`. */
export const Health = Type.Object(
  { status: Type.Enum(['ok', 'ready'], { examples: ['ok'] }) },
  { $id: 'Health', additionalProperties: false, description: 'The process serves.' },
)
