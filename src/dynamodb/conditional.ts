import { ConditionalCheckFailedException, type UpdateItemCommandInput } from '@aws-sdk/client-dynamodb'
import type { Ulid } from '../domain/event-id.ts'
import type { CallScope } from '../domain/ports.ts'
import type { DynamoDB } from './client.ts'
import { textOf } from './items.ts'
import { eventKey, type Item } from './keys.ts'
import { bearsOperation, hasTakenPlace, newOperation } from './operations.ts'
import { barRequest, type EventTarget } from './update.ts'

/** Which item a write is about, for the reading that follows a failed condition. */
interface Target {
  dynamodb: DynamoDB
  table: string
  key: Item
  signal: AbortSignal
}

/** A write that took place, with its answer, or what stands in its way (undefined: nothing is there). */
export type ConditionalResult<Output> =
  | { applied: true; output: Output }
  | {
      applied: false
      found: Item | undefined
      /** It was sent before, and what became of that is not known: that may still take place. */
      isRepeated: boolean
    }

/**
 * Runs a conditional write. Where its condition fails, what is there tells the caller whether that is its own earlier
 * try: after a lost answer the SDK sends a write again.
 *
 * Stores without `ReturnValuesOnConditionCheckFailure` (the embedded one) are asked once more, consistently.
 */
export async function writeConditionally<Output>(
  { dynamodb, table, key, signal }: Target,
  write: () => Promise<Output>,
): Promise<ConditionalResult<Output>> {
  try {
    return { applied: true, output: await write() }
  } catch (error) {
    if (!(error instanceof ConditionalCheckFailedException)) throw error
    const isRepeated = (error.$metadata.attempts ?? 1) > 1
    if (error.Item) return { applied: false, found: error.Item, isRepeated }
    const answer = await dynamodb.getItem({ TableName: table, Key: key, ConsistentRead: true }, signal)
    return { applied: false, found: answer.Item, isRepeated }
  }
}

/** An update that took place, with what it answers or what has become of the event since, or what stands in its way. */
export type UpdateResult = { applied: true; item: Item } | { applied: false; found: Item | undefined }

/**
 * Sends a conditional update of an event. That it took place before, and only its answer got lost, is no failure; that
 * it did not is final.
 *
 * @param operation What it is recognised by.
 */
export async function updateEvent(
  { dynamodb, table }: Pick<Target, 'dynamodb' | 'table'>,
  { tenant, signal }: CallScope,
  ulid: Ulid,
  toRequest: (target: EventTarget) => UpdateItemCommandInput,
  operation = newOperation(),
): Promise<UpdateResult> {
  const target = { table, tenant: tenant.name, ulid, operation }
  const send = (request: UpdateItemCommandInput) =>
    writeConditionally({ dynamodb, table, key: eventKey(tenant.name, ulid), signal }, () =>
      dynamodb.updateItem(request, signal),
    )
  const result = await send(toRequest(target))
  if (result.applied) return { applied: true, item: result.output.Attributes ?? {} }
  const { found, isRepeated } = result
  if (found && bearsOperation(found, target.operation)) return { applied: true, item: found }
  // An earlier try may still be on its way, and take place when somebody else has changed the event: not when it is barred,
  // and not on one that is delivered, which nothing changes any more.
  if (!found || !isRepeated || textOf(found, 'status') === 'delivered') return { applied: false, found }
  const barred = await send(barRequest(target))
  if (barred.applied) return { applied: false, found: barred.output.Attributes }
  const isApplied = barred.found !== undefined && hasTakenPlace(barred.found, target.operation)
  return isApplied && barred.found
    ? { applied: true, item: barred.found }
    : { applied: false, found: barred.found }
}
