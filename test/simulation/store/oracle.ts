import { ConditionalCheckFailedException } from '@aws-sdk/client-dynamodb'
import { isDeepStrictEqual } from 'node:util'
import type { DynamoDB } from '../../../src/dynamodb/client.ts'
import type { SimulatedStore } from './simulated-store.ts'

export interface Difference {
  input: unknown
  oracle: unknown
  simulated: unknown
}

/** A store without any faults or waiting, as the service calls it. */
export function direct(store: SimulatedStore): DynamoDB {
  return {
    getItem: async (input) => store.getItem(input),
    batchGetItem: async (input) => store.batchGetItem(input),
    query: async (input) => store.query(input),
    putItem: async (input) => store.putItem(input),
    updateItem: async (input) => store.updateItem(input),
  }
}

/** Puts each call to both, answers as the oracle does, and tells whenever the two differ. */
export function compareWith(
  oracle: DynamoDB,
  simulated: DynamoDB,
  onDifference: (difference: Difference) => void,
): DynamoDB {
  const both =
    <Input, Output extends object>(
      perform: (dynamodb: DynamoDB, input: Input, signal: AbortSignal) => Promise<Output>,
    ) =>
    async (input: Input, signal: AbortSignal): Promise<Output> => {
      const [expected, found] = await Promise.allSettled([
        perform(oracle, input, signal),
        perform(simulated, input, signal),
      ])
      const [a, b] = [tell(expected), tell(found)]
      if (!isDeepStrictEqual(a, b)) onDifference({ input, oracle: a, simulated: b })
      if (expected.status === 'rejected') throw expected.reason
      return expected.value
    }
  return {
    getItem: both((dynamodb, input, signal) => dynamodb.getItem(input, signal)),
    batchGetItem: both((dynamodb, input, signal) => dynamodb.batchGetItem(input, signal)),
    query: both((dynamodb, input, signal) => dynamodb.query(input, signal)),
    putItem: both((dynamodb, input, signal) => dynamodb.putItem(input, signal)),
    updateItem: both((dynamodb, input, signal) => dynamodb.updateItem(input, signal)),
  }
}

/** What a call came to, without what only a network has to say. */
function tell(result: PromiseSettledResult<unknown>): unknown {
  if (result.status === 'fulfilled')
    return tidy({ ...(result.value as object), $metadata: undefined, ConsumedCapacity: undefined })
  const error = result.reason as Error
  return error instanceof ConditionalCheckFailedException
    ? tidy({ name: error.name, Item: error.Item })
    : error.name
}

/** The same without undefined members, and with lists of items that come in no order in one. */
function tidy(output: Record<string, unknown>): unknown {
  const plain = JSON.parse(JSON.stringify(output)) as Record<string, unknown>
  const { Responses: responses } = plain
  if (responses === undefined) return plain
  const lists = Object.entries(responses as Record<string, unknown[]>)
  const sorted = lists.map(([table, items]) => [table, items.map((item) => stable(item)).sort()])
  return { ...plain, Responses: Object.fromEntries(sorted) as unknown }
}

const stable = (item: unknown) => JSON.stringify(Object.entries(item as object).sort())
