import type { DynamoDBClient } from '@aws-sdk/client-dynamodb'

/** What the store charged, in its own units. */
export interface Units {
  read: number
  write: number
}

interface Consumed {
  CapacityUnits?: number | undefined
}

const WRITES = ['PutItemCommand', 'UpdateItemCommand']

/** Adds up what DynamoDB says that each call of this client consumed, table and indexes together. */
export function createMeter(client: DynamoDBClient) {
  let units: Units = { read: 0, write: 0 }
  client.middlewareStack.add(
    (next, { commandName }) =>
      async (call) => {
        const input = { ...call.input, ReturnConsumedCapacity: 'INDEXES' as const }
        const result = await next({ ...call, input })
        const { ConsumedCapacity } = result.output as { ConsumedCapacity?: Consumed | Consumed[] }
        const kind = WRITES.includes(commandName ?? '') ? 'write' : 'read'
        for (const consumed of [ConsumedCapacity ?? []].flat()) units[kind] += consumed.CapacityUnits ?? 0
        return result
      },
    { step: 'initialize', name: 'meter' },
  )
  return {
    /** Runs something alone. @returns What it cost, and its result. */
    async measure<Result>(work: () => Promise<Result>): Promise<{ units: Units; result: Result }> {
      units = { read: 0, write: 0 }
      const result = await work()
      return { units: { ...units }, result }
    },
  }
}
export type Meter = ReturnType<typeof createMeter>
