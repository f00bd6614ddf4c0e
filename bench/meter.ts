import type { DynamoDB } from '../src/dynamodb/client.ts'

/** What the store charged, in its own units. */
export interface Units {
  read: number
  write: number
}

interface Consumed {
  CapacityUnits?: number | undefined
}

/** Adds up what DynamoDB says that each call consumed, table and indexes together. */
export function createMeter(dynamodb: DynamoDB) {
  let units: Units = { read: 0, write: 0 }

  function metered<
    Input extends object,
    Output extends { ConsumedCapacity?: Consumed | Consumed[] | undefined },
  >(kind: keyof Units, call: (input: Input, signal: AbortSignal) => Promise<Output>) {
    return async (input: Input, signal: AbortSignal): Promise<Output> => {
      const output = await call({ ...input, ReturnConsumedCapacity: 'INDEXES' }, signal)
      for (const consumed of [output.ConsumedCapacity ?? []].flat())
        units[kind] += consumed.CapacityUnits ?? 0
      return output
    }
  }

  return {
    /** The same calls, metered. */
    dynamodb: {
      getItem: metered('read', (input: Parameters<DynamoDB['getItem']>[0], signal) =>
        dynamodb.getItem(input, signal),
      ),
      batchGetItem: metered('read', (input: Parameters<DynamoDB['batchGetItem']>[0], signal) =>
        dynamodb.batchGetItem(input, signal),
      ),
      query: metered('read', (input: Parameters<DynamoDB['query']>[0], signal) =>
        dynamodb.query(input, signal),
      ),
      putItem: metered('write', (input: Parameters<DynamoDB['putItem']>[0], signal) =>
        dynamodb.putItem(input, signal),
      ),
      updateItem: metered('write', (input: Parameters<DynamoDB['updateItem']>[0], signal) =>
        dynamodb.updateItem(input, signal),
      ),
    } satisfies DynamoDB,
    /** Runs something alone. @returns What it cost, and its result. */
    async measure<Result>(work: () => Promise<Result>): Promise<{ units: Units; result: Result }> {
      units = { read: 0, write: 0 }
      const result = await work()
      return { units: { ...units }, result }
    },
  }
}
export type Meter = ReturnType<typeof createMeter>
