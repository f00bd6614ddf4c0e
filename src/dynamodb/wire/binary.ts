/**
 * DynamoDB's JSON carries bytes as base64 below a member `B`, sets of them below `BS`; everybody else here has them as
 * bytes. Under those names strings stand for nothing else: attributes that a client calls `B` are objects.
 */

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null

const toBase64 = (bytes: Uint8Array) =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64')

/** @returns The value with its bytes as base64: itself where it has none. */
export function toWire(value: unknown): unknown {
  if (value instanceof Uint8Array) return toBase64(value)
  if (!isObject(value)) return value
  let changed: Record<string, unknown> | undefined
  for (const name in value) {
    const before = value[name]
    if (!isObject(before)) continue
    const after = toWire(before)
    if (after === before) continue
    changed ??= Array.isArray(value) ? ([...value] as unknown as Record<string, unknown>) : { ...value }
    changed[name] = after
  }
  return changed ?? value
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

/** Inside of strings the quotes are escaped, so this is only found where there may be bytes. */
const BYTES = /"B":"|"BS":\[/

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
  if (BYTES.test(text)) decode(answer)
  return answer
}
