import type { AttributeValue } from '@aws-sdk/client-dynamodb'

/**
 * DynamoDB's JSON carries bytes as base64 below a member `B`, sets of them below `BS`; everybody else here has them as
 * bytes. Under those names strings stand for nothing else: attributes that a client calls `B` are objects.
 */

type Attributes = Record<string, AttributeValue>

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null

const toBase64 = (bytes: Uint8Array) =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64')

/** What is sent of an attribute: itself where it neither is bytes nor may hold some. */
function encode(attribute: AttributeValue): object {
  const { B, BS, M, L } = attribute
  if (B) return { B: toBase64(B) }
  if (BS) return { BS: BS.map(toBase64) }
  if (M) return { M: toWire(M) }
  return L ? { L: L.map(encode) } : attribute
}

/** @returns The attributes with their bytes as base64: themselves where no attribute may hold any. */
export function toWire(attributes: Attributes): object {
  let changed: Record<string, object> | undefined
  for (const name in attributes) {
    const before = attributes[name]
    if (before === undefined) continue
    const after = encode(before)
    if (after !== before) (changed ??= { ...attributes } as Record<string, object>)[name] = after
  }
  return changed ?? attributes
}

const toBytes = (member: unknown) => (typeof member === 'string' ? Buffer.from(member, 'base64') : member)

function decode(value: Record<string, unknown>): void {
  for (const name in value) {
    const member = value[name]
    if (name === 'B' && typeof member === 'string') value[name] = toBytes(member)
    else if (name === 'BS' && Array.isArray(member)) value[name] = member.map(toBytes)
    else if (isObject(member)) decode(member)
  }
}

/** Inside of strings the quotes are escaped, so that these are only found where there may be bytes. */
const mayHaveBytes = (text: string) => text.includes('B":"') || text.includes('BS":[')

/** Parses an answer, with bytes where it has base64. @returns undefined for what is no JSON object. */
export function fromWire(text: string): Record<string, unknown> | undefined {
  let answer: unknown
  try {
    answer = JSON.parse(text)
  } catch {
    // The parser's own error quotes the text, and with it the data of clients.
    return undefined
  }
  if (!isObject(answer)) return undefined
  if (mayHaveBytes(text)) decode(answer)
  return answer
}
