import { ConditionalCheckFailedException, type UpdateItemCommandInput } from '@aws-sdk/client-dynamodb'
import type { Ulid } from '../domain/event-id.ts'
import type { CallScope } from '../domain/ports.ts'
import type { DynamoDB } from './client.ts'
import { eventKey, type Item } from './keys.ts'
import { bearsOperation, newOperation } from './operations.ts'
import type { EventTarget } from './update.ts'

/** Which item a write is about, for the reading that follows a failed condition. */
interface Target {
  dynamodb: DynamoDB
  table: string
  key: Item
  signal: AbortSignal
}

/** A write that took place, with its answer, or what stands in its way (undefined: nothing is there). */
export type ConditionalResult<Output> =
  { applied: true; output: Output } | { applied: false; found: Item | undefined }

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
    if (error.Item) return { applied: false, found: error.Item }
    const answer = await dynamodb.getItem({ TableName: table, Key: key, ConsistentRead: true }, signal)
    return { applied: false, found: answer.Item }
  }
}

/** An update that took place, with what it answers or what has become of the event since, or what stands in its way. */
export type UpdateResult = { applied: true; item: Item } | { applied: false; found: Item | undefined }

/** Sends a conditional update of an event. That it took place before, and only its answer got lost, is no failure. */
export async function updateEvent(
  { dynamodb, table }: Pick<Target, 'dynamodb' | 'table'>,
  { tenant, signal }: CallScope,
  ulid: Ulid,
  toRequest: (target: EventTarget) => UpdateItemCommandInput,
): Promise<UpdateResult> {
  const operation = newOperation()
  const request = toRequest({ table, tenant: tenant.name, ulid, operation })
  const result = await writeConditionally({ dynamodb, table, key: eventKey(tenant.name, ulid), signal }, () =>
    dynamodb.updateItem(request, signal),
  )
  if (result.applied) return { applied: true, item: result.output.Attributes ?? {} }
  const { found } = result
  return found && bearsOperation(found, operation)
    ? { applied: true, item: found }
    : { applied: false, found }
}
