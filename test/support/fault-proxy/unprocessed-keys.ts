import { isOk, jsonAnswer, type Answer, type Attributes, type Call, type Send } from './call.ts'

type RequestItems = Record<string, { Keys: Attributes[] }>

interface BatchOutput {
  Responses: Record<string, unknown[]>
  UnprocessedKeys: RequestItems
}

/** Performs a BatchGetItem that leaves out the keys for which `isLeftOut` says so, and returns them as unprocessed. */
export async function batchGetWithout(call: Call, isLeftOut: () => boolean, send: Send): Promise<Answer> {
  const { kept, leftOut } = split(call.input.RequestItems ?? {}, isLeftOut)
  if (isEmpty(leftOut)) return send(call)
  // The store refuses an empty batch.
  if (isEmpty(kept)) return jsonAnswer(200, { Responses: {}, UnprocessedKeys: leftOut })

  const answer = await send({ ...call, input: { ...call.input, RequestItems: kept } })
  if (!isOk(answer)) return answer
  const output = JSON.parse(answer.body) as BatchOutput
  return jsonAnswer(200, { ...output, UnprocessedKeys: merge(output.UnprocessedKeys, leftOut) })
}

function split(items: RequestItems, isLeftOut: () => boolean): { kept: RequestItems; leftOut: RequestItems } {
  const kept: RequestItems = {}
  const leftOut: RequestItems = {}
  for (const [table, request] of Object.entries(items)) {
    for (const key of request.Keys) {
      const side = isLeftOut() ? leftOut : kept
      side[table] ??= { ...request, Keys: [] }
      side[table].Keys.push(key)
    }
  }
  return { kept, leftOut }
}

function merge(some: RequestItems, others: RequestItems): RequestItems {
  const merged = { ...some }
  for (const [table, request] of Object.entries(others)) {
    merged[table] = { ...request, Keys: [...(some[table]?.Keys ?? []), ...request.Keys] }
  }
  return merged
}

function isEmpty(items: RequestItems): boolean {
  return Object.keys(items).length === 0
}
