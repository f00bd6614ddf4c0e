import type { AttributeValue } from '@aws-sdk/client-dynamodb'
import { promisify } from 'node:util'
import { deflateRaw, inflateRawSync } from 'node:zlib'

const deflate = promisify(deflateRaw)

/** A write is charged by whole KB of the item. */
const WRITE_UNIT_BYTES = 1024
/** What an event item weighs besides its body: keys, index keys, names and numbers, with a tenant name of usual length. */
const OVERHEAD_BYTES = 330

export interface EncodedBody {
  attribute: AttributeValue
  /** Size of the JSON text, whatever the attribute weighs. */
  bytes: number
}

/** The least that zlib takes for the size of a piece. */
const MIN_CHUNK_BYTES = 64

const unitsOf = (bodyBytes: number) => Math.ceil((OVERHEAD_BYTES + bodyBytes) / WRITE_UNIT_BYTES)

/** Encodes a body, a JSON text, as it is or compressed where that saves a write unit. */
export async function encodeBody(text: string): Promise<EncodedBody> {
  const bytes = Buffer.byteLength(text)
  if (unitsOf(bytes) > 1) {
    const compressed = await deflate(text, { level: 1 })
    if (unitsOf(compressed.length) < unitsOf(bytes)) return { attribute: { B: compressed }, bytes }
  }
  return { attribute: { S: text }, bytes }
}

/**
 * @returns The JSON text of so many bytes that `encodeBody` was given. It is answered as it is, so that an item without
 *   one must not pass for an empty text.
 */
export function decodeBody(attribute: AttributeValue | undefined, bytes: number): string {
  if (attribute?.S) return attribute.S
  if (!attribute?.B) throw new Error('The item of the event has no body')
  // Room for all of it at once: pieces of the usual 16 KB take three times as long.
  return inflateRawSync(attribute.B, { chunkSize: Math.max(bytes + 1, MIN_CHUNK_BYTES) }).toString()
}
