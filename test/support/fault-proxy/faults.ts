/**
 * A probability from 0 to 1 for each call, all or none of them, or exactly the `next` ones after those to `skip`, both
 * counted down in place.
 */
export type Chance = boolean | number | { next: number; skip?: number }

/** What goes wrong between the service and its store. Everything is off unless given. */
export interface Faults {
  /** Only calls of these operations (`'Query'`) meet a fault, `refuse` and stale indexes aside. */
  operations?: readonly string[]

  /** Queries of an index see the table as it was this many milliseconds ago. */
  indexLagMs?: number
  /** Which of those queries do, where not all of them. */
  staleReads?: Chance
  /** 400 ProvisionedThroughputExceededException to a data call, without applying it. */
  throttle?: Chance
  /** 500 InternalServerError to a data call, without applying it. */
  serverError?: Chance
  /** The connection is cut, and the call not applied. */
  resetBefore?: Chance
  /** A write is applied, then the connection is cut before the answer. */
  loseAnswer?: Chance
  /** What happens between a write that is applied and the loss of its answer. */
  beforeLoss?: () => Promise<unknown>
  /** What happens between the arrival of a write and its application: what overtakes it. */
  beforeWrite?: () => Promise<unknown>
  /** A call is applied, then the connection is cut in the middle of the answer's body. */
  resetBody?: Chance
  /** For each key of a BatchGetItem: it comes back in UnprocessedKeys. At 1 no key is ever read. */
  unprocessedKeys?: Chance
  /** A page of a Query has at most this many items. */
  shortPages?: number
  /** A page of a Query has no items, and a LastEvaluatedKey that skips nothing. At 1 no item is ever read. */
  emptyPages?: Chance

  /** Calls are forwarded this many milliseconds late, also those whose client no longer waits. */
  latencyMs?: number
  /** Which calls are that late, where not all of them. */
  slow?: Chance
  /** Calls are taken, but neither forwarded nor answered. */
  blackHole?: Chance
  /** Calls are applied and half of the answer's body is sent. */
  stallBody?: Chance
  /** Nothing listens on the port; open connections are cut. */
  refuse?: boolean
}

/** Faults that strike some calls and not others. */
export type FaultByChance = {
  [Name in keyof Faults]-?: Chance extends NonNullable<Faults[Name]> ? Name : never
}[keyof Faults]

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
  const { operations, indexLagMs, staleReads } = faults
  if (!operations || operations.includes(operation)) return faults
  return {
    ...(indexLagMs === undefined ? {} : { indexLagMs }),
    ...(staleReads === undefined ? {} : { staleReads }),
  }
}
