import { isOk, jsonAnswer, type Answer, type Attributes, type Call, type Send } from './call.ts'

interface Page {
  LastEvaluatedKey?: Attributes
}

/** The same Query with pages of at most `limit` items. */
export function shortened(call: Call, limit: number | undefined): Call {
  if (limit === undefined) return call
  return { ...call, input: { ...call.input, Limit: Math.min(limit, call.input.Limit ?? limit) } }
}

/**
 * A page without items whose LastEvaluatedKey skips nothing: where the Query started or, on a first page, a made-up key
 * before its first item. Undefined where there is no such key: nothing matches, the first item sits on the very edge of
 * the range (a start key outside the range is refused), or the key condition is not `h = :h AND r BETWEEN :a AND :b`.
 */
export async function emptyPage(call: Call, send: Send): Promise<Answer | undefined> {
  const key = call.input.ExclusiveStartKey ?? (await keyBeforeFirst(call, send))
  return key && jsonAnswer(200, { Items: [], Count: 0, ScannedCount: 0, LastEvaluatedKey: key })
}

async function keyBeforeFirst(call: Call, send: Send): Promise<Attributes | undefined> {
  const first = await firstKey(call, send)
  const edge = rangeEdge(call)
  const range = edge && first?.[edge.attribute]?.S
  if (!first || !edge || typeof range !== 'string') return undefined
  const isBefore = isForward(call) ? compareBytes(edge.value, range) < 0 : compareBytes(edge.value, range) > 0
  return isBefore ? { ...first, [edge.attribute]: { S: edge.value } } : undefined
}

/** The key of the first item, as the LastEvaluatedKey of a page of one item: whole, whatever the Query projects. */
async function firstKey(call: Call, send: Send): Promise<Attributes | undefined> {
  const answer = await send(shortened(call, 1))
  return isOk(answer) ? (JSON.parse(answer.body) as Page).LastEvaluatedKey : undefined
}

/** The end of the range at which the Query starts, inclusive. */
function rangeEdge(call: Call): { attribute: string; value: string } | undefined {
  const { input } = call
  const between = /(\S+) BETWEEN (:\w+) AND (:\w+)/i.exec(input.KeyConditionExpression ?? '')
  if (!between) return undefined
  const [, name = '', low = '', high = ''] = between
  const value = input.ExpressionAttributeValues?.[isForward(call) ? low : high]?.S
  if (typeof value !== 'string') return undefined
  return { attribute: input.ExpressionAttributeNames?.[name] ?? name, value }
}

function isForward({ input }: Call): boolean {
  return input.ScanIndexForward !== false
}

/** DynamoDB orders strings by their UTF-8 bytes. */
function compareBytes(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b))
}
