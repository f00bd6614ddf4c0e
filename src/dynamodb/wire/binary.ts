/**
 * DynamoDB's JSON carries bytes as base64 below a member `B`; everybody else here has them as bytes. Under that name a
 * string stands for nothing else: attributes that a client calls `B` are objects.
 */

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null

/** @returns The value with its bytes as base64: itself where it has none. */
export function toWire(value: unknown): unknown {
  if (!isObject(value)) return value
  if (value['B'] instanceof Uint8Array) return { B: Buffer.from(value['B']).toString('base64') }
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

function decode(value: Record<string, unknown>): void {
  for (const name in value) {
    const member = value[name]
    if (name === 'B' && typeof member === 'string') value[name] = Buffer.from(member, 'base64')
    else if (isObject(member)) decode(member)
  }
}

/** Parses an answer, with bytes where it has base64. */
export function fromWire(text: string): Record<string, unknown> {
  const answer = JSON.parse(text) as Record<string, unknown>
  // Inside of strings the quotes are escaped, so this is only found where there are bytes.
  if (text.includes('"B":"')) decode(answer)
  return answer
}
