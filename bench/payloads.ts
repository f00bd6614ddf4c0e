import { randomBytes } from 'node:crypto'
import { toBodyText } from '../src/domain/event-body.ts'
import { encodeBody } from '../src/dynamodb/body.ts'
import type { JsonObject } from '../src/schemas/event.ts'

/** What an item weighs besides its body, when it is held and was rejected: keys, times, the lease and a reason. */
const ROOM_BYTES = 500

/** Bytes of the body as it is stored, compressed where that saves something. */
async function storedBytes(payload: JsonObject): Promise<number> {
  const { attribute } = await encodeBody(toBodyText({ payload, metadata: null }))
  return attribute.B ? attribute.B.length : Buffer.byteLength(attribute.S ?? '')
}

/** Text that compresses no further than its alphabet allows. */
const RANDOM = randomBytes(300_000).toString('base64')

/** A payload of random text whose whole item, as stored, is as large as it can be within so many KB. */
export async function randomPayload(kilobytes: number): Promise<JsonObject> {
  const most = kilobytes * 1024 - ROOM_BYTES
  let [fits, exceeds] = [0, 349_900]
  while (exceeds - fits > 1) {
    const middle = Math.floor((fits + exceeds) / 2)
    if ((await storedBytes({ text: RANDOM.slice(0, middle) })) <= most) fits = middle
    else exceeds = middle
  }
  return { text: RANDOM.slice(0, fits) }
}

/** A payload of so many KB as JSON, of the kind that events usually are: it compresses well. */
export function orderPayload(kilobytes: number): JsonObject {
  const lines: object[] = []
  const payload = { order_id: 42, lines }
  const most = kilobytes * 1024 - ROOM_BYTES
  for (let bytes = 30, n = 0; ; n++) {
    const line = { sku: `sku-${(n * 7919) % 10_000}`, quantity: 1 + (n % 5), price: ((n * 37) % 9_999) / 100 }
    bytes += JSON.stringify(line).length + 1
    if (bytes > most) return payload
    lines.push(line)
  }
}

/**
 * An event of 1 KB: as it is answered it has about 1,024 bytes, and its item is as large as one write unit allows, so
 * that nothing is compressed.
 */
export function kilobyteEvent() {
  const lines = Array.from({ length: 10 }, (_, n) => ({
    sku: `sku-${1000 + n * 7}`,
    quantity: n + 1,
    price: 9.5 + n,
  }))
  const payload = {
    order_id: 42,
    customer: 'cus_5f0c9a52b7d84e1f',
    currency: 'EUR',
    lines,
    note: 'x'.repeat(118),
  }
  return { event_type: 'order.created', payload }
}
