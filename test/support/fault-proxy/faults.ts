/** A probability from 0 to 1 for each call, or exactly the `next` calls, counted down in place. */
export type Chance = number | { next: number }

/** What goes wrong between the service and its store. Everything is off unless given. */
export interface Faults {
  /** Only calls of these operations (`'Query'`) meet a fault, `refuse` and `indexLagMs` aside. */
  operations?: readonly string[]

  /** Queries of an index see the table as it was this many milliseconds ago. */
  indexLagMs?: number
  /** 400 ProvisionedThroughputExceededException to a data call, without applying it. */
  throttle?: Chance
  /** 500 InternalServerError to a data call, without applying it. */
  serverError?: Chance
  /** A write is applied, then the connection is cut before the answer. */
  loseAnswer?: Chance
  /** What happens between a write that is applied and the loss of its answer. */
  beforeLoss?: () => Promise<unknown>
  /** What happens between the arrival of a write and its application: what overtakes it. */
  beforeWrite?: () => Promise<unknown>
  /** For each key of a BatchGetItem: it comes back in UnprocessedKeys. At 1 no key is ever read. */
  unprocessedKeys?: Chance
  /** A page of a Query has at most this many items. */
  shortPages?: number
  /** A page of a Query has no items, and a LastEvaluatedKey that skips nothing. At 1 no item is ever read. */
  emptyPages?: Chance

  /** Every call is forwarded this many milliseconds late. */
  latencyMs?: number
  /** Calls are taken, but neither forwarded nor answered. */
  blackHole?: boolean
  /** Calls are applied and half of the answer's body is sent. */
  stallBody?: boolean
  /** Nothing listens on the port; open connections are cut. */
  refuse?: boolean
}

const WRITES = new Set(['PutItem', 'UpdateItem', 'DeleteItem', 'BatchWriteItem', 'TransactWriteItems'])
const READS = new Set(['GetItem', 'BatchGetItem', 'TransactGetItems', 'Query', 'Scan'])

/** Whether the operation changes items. */
export function isWrite(operation: string): boolean {
  return WRITES.has(operation)
}

/** Whether the operation touches items, and not tables alone. */
export function isDataCall(operation: string): boolean {
  return isWrite(operation) || READS.has(operation)
}

/** Those of `faults` that a call of the operation meets. */
export function faultsFor(operation: string, faults: Faults): Faults {
  if (!faults.operations || faults.operations.includes(operation)) return faults
  return faults.indexLagMs === undefined ? {} : { indexLagMs: faults.indexLagMs }
}
