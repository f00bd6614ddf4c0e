import type { AttributeValue } from '@aws-sdk/client-dynamodb'
import { promisify } from 'node:util'
import { deflateRaw, inflateRawSync } from 'node:zlib'
import { AppError } from '../errors.ts'
import type { JsonObject } from '../schemas/event.ts'

const deflate = promisify(deflateRaw)

/** Keeps an item below DynamoDB's 400 KB even when nothing can be compressed away. */
const MAX_STORED_BYTES = 350_000
/** A write is charged by whole KB of the item. */
const WRITE_UNIT_BYTES = 1024
/** What an event item weighs besides its body: keys, index keys, names and numbers, with a tenant name of usual length. */
const OVERHEAD_BYTES = 330

/** The client's data of an event: one JSON text, so that no rule of DynamoDB's own types applies to it. */
interface Body {
  payload: JsonObject
  metadata: JsonObject | null
}

export interface EncodedBody {
  attribute: AttributeValue
  /** Size of the JSON text, whatever the attribute weighs. */
  bytes: number
}

const unitsOf = (bodyBytes: number) => Math.ceil((OVERHEAD_BYTES + bodyBytes) / WRITE_UNIT_BYTES)

/**
 * Encodes a body as text, or compressed where that saves a write unit.
 * Throws `payload_too_large`: numbers such as `1e20` are longer as stored than as sent.
 */
export async function encodeBody({ payload, metadata }: Body): Promise<EncodedBody> {
  const text = JSON.stringify({ payload, metadata })
  const bytes = Buffer.byteLength(text)
  if (bytes > MAX_STORED_BYTES) {
    throw new AppError(
      'payload_too_large',
      `The event takes ${bytes} bytes as stored; at most ${MAX_STORED_BYTES} are kept.`,
    )
  }
  if (unitsOf(bytes) > 1) {
    const compressed = await deflate(text, { level: 1 })
    if (unitsOf(compressed.length) < unitsOf(bytes)) return { attribute: { B: compressed }, bytes }
  }
  return { attribute: { S: text }, bytes }
}

/** Reads what `encodeBody` wrote. */
export function decodeBody(attribute: AttributeValue | undefined): Body {
  const text = attribute?.B ? inflateRawSync(attribute.B).toString() : (attribute?.S ?? '')
  return JSON.parse(text) as Body
}
