import { Type } from 'typebox'

export const IdempotencyKey = Type.String({
  pattern: '^[\\x21-\\x7e]{1,255}$',
  description:
    '1–255 visible ASCII characters, your own for this event. The same key with the same body gives the same event for ' +
    '24 hours; with another body it is refused.',
})

/** Headers of requests that may be repeated safely. */
export const IdempotencyHeaders = Type.Object({ 'Idempotency-Key': Type.Optional(IdempotencyKey) })
