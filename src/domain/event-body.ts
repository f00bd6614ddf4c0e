import { AppError } from '../errors.ts'
import type { JsonObject } from '../schemas/event.ts'

/** Most bytes of a body as stored: keeps an item below DynamoDB's 400 KB even when nothing can be compressed away. */
const MAX_STORED_BYTES = 350_000

/** The client's data of an event. */
interface EventBody {
  payload: JsonObject
  metadata: JsonObject | null
}

/**
 * The client's data as one JSON text, so that no rule of a store's own types applies to it. Throws `payload_too_large`:
 * numbers such as `1e20` are longer as stored than as sent.
 */
export function toBodyText({ payload, metadata }: EventBody): string {
  const text = JSON.stringify({ payload, metadata })
  const bytes = Buffer.byteLength(text)
  if (bytes <= MAX_STORED_BYTES) return text
  throw new AppError(
    'payload_too_large',
    `The event takes ${bytes} bytes as stored; at most ${MAX_STORED_BYTES} are kept.`,
  )
}
