import type { DynamoDB } from '../src/dynamodb/client.ts'

/** What the store charged, in its own units. */
export interface Units {
  read: number
  write: number
}

interface Consumed {
  CapacityUnits?: number | undefined
}

type Call<Input, Output> = (input: Input, signal: AbortSignal) => Promise<Output>

/** Adds up what DynamoDB says that each call consumed, table and indexes together. */
export function createMeter(calls: DynamoDB) {
  let units: Units = { read: 0, write: 0 }
  const metered =
    <Input, Output extends object>(kind: keyof Units, call: Call<Input, Output>): Call<Input, Output> =>
    async (input, signal) => {
      const output = await call({ ...input, ReturnConsumedCapacity: 'INDEXES' }, signal)
      const { ConsumedCapacity = [] } = output as { ConsumedCapacity?: Consumed | Consumed[] }
      for (const { CapacityUnits = 0 } of [ConsumedCapacity].flat()) units[kind] += CapacityUnits
      return output
    }
  const dynamodb: DynamoDB = {
    getItem: metered('read', calls.getItem.bind(calls)),
    batchGetItem: metered('read', calls.batchGetItem.bind(calls)),
    query: metered('read', calls.query.bind(calls)),
    putItem: metered('write', calls.putItem.bind(calls)),
    updateItem: metered('write', calls.updateItem.bind(calls)),
  }
  return {
    /** The same calls, metered. */
    dynamodb,
    /** Runs something alone. @returns What it cost, and its result. */
    async measure<Result>(work: () => Promise<Result>): Promise<{ units: Units; result: Result }> {
      units = { read: 0, write: 0 }
      const result = await work()
      return { units: { ...units }, result }
    },
  }
}
export type Meter = ReturnType<typeof createMeter>
