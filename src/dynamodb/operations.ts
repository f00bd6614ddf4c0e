import { randomBytes } from '../domain/random-bytes.ts'
import type { Item } from './keys.ts'

/**
 * Where an event keeps the ids of the last writes to it, newest first. A write whose answer got lost is sent again; by
 * its id it is recognised also when others have written since. Four are enough for what happens within a deadline, and
 * small enough to cost nothing.
 */
const OPERATIONS = ['op_1', 'op_2', 'op_3', 'op_4'] as const

/** Stands where there was no operation yet. */
const NONE = '-'
const ID_BYTES = 6

/** @returns The id of a write, to be made before it is sent: unlike those of all writes that it may be compared with. */
export function newOperation(): string {
  return randomBytes(ID_BYTES).toString('base64url')
}

/** What a new item has. */
export function firstOperation(operation: string): Item {
  return { [OPERATIONS[0]]: { S: operation } }
}

/** Where the write stands that ends the life of an event: no other follows, so it needs no place among the last. */
const FINAL = 'final_op'

/** A claim is recognised by the lease that it makes, for as long as that is the event's. */
const LEASE = 'lease_id'

const TRACES = [FINAL, LEASE, ...OPERATIONS]

/** Whether the operation is among the last that were written. */
export function bearsOperation(item: Item, operation: string): boolean {
  return TRACES.some((name) => item[name]?.S === operation)
}

/** Names the operation that was barred last. */
export const BARRED = 'barred_op'

/** Whether an operation that may have been barred did take place. */
export function hasTakenPlace(item: Item, operation: string): boolean {
  return bearsOperation(item, operation) && item[BARRED]?.S !== operation
}

/** How an update is written down. */
export interface OperationRecord {
  setExpressions: readonly string[]
  valuesOf: (operation: string) => Item
}

/** In the condition of every update: it takes effect once, and not when it is barred. */
export const NOT_RECORDED = `NOT (${OPERATIONS.map((name) => `${name} = :operation`).join(' OR ')})`

/** What an update has: it moves the operations up. */
export const RECORD: OperationRecord = {
  // The right-hand sides are what stood there before.
  setExpressions: OPERATIONS.map((name, at) => {
    const before = OPERATIONS[at - 1]
    return `${name} = ${before === undefined ? ':operation' : `if_not_exists(${before}, :no_operation)`}`
  }),
  valuesOf: (operation) => ({ ':operation': { S: operation }, ':no_operation': { S: NONE } }),
}

const operationAlone = (operation: string): Item => ({ ':operation': { S: operation } })

/** What an update has that nothing may follow: little text, and nothing to move. */
export const RECORD_FINAL: OperationRecord = {
  setExpressions: [`${FINAL} = :operation`],
  valuesOf: operationAlone,
}

/** What an update has that sets an attribute to the id of its operation anyway: nothing more need be written. */
export const RECORD_NONE: OperationRecord = {
  setExpressions: [],
  valuesOf: operationAlone,
}
