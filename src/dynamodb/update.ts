import type { AttributeValue, UpdateItemCommandInput } from '@aws-sdk/client-dynamodb'
import { shardOf, type Ulid } from '../domain/event-id.ts'
import type { EventStatus } from '../schemas/event.ts'
import { eventKey, statusKey } from './keys.ts'
import { BARRED, NOT_RECORDED, RECORD, type OperationRecord } from './operations.ts'

/** The event that a write is about, and what the write is recognised by. */
export interface EventTarget {
  table: string
  tenant: string
  ulid: Ulid
  operation: string
}

/** One conditional change of an event. */
export interface EventUpdate {
  set: Record<string, AttributeValue>
  /** Set by an expression of its own instead of a value. */
  setExpressions?: string[]
  remove?: string[]
  condition: string
  values?: Record<string, AttributeValue>
  returns?: 'ALL_NEW' | 'UPDATED_NEW'
  /** `RECORD` unless nothing may follow it. */
  record?: OperationRecord
}

/** What an event gets with a status: the status itself and its place in the StatusIndex. */
export function inStatus(tenant: string, ulid: Ulid, status: EventStatus): Record<string, AttributeValue> {
  return { status: { S: status }, status_key: { S: statusKey(tenant, shardOf(ulid), status) } }
}

/** Of the attributes `status` alone is a reserved word of DynamoDB: wherever it is meant, it is called `#status`. */
const ALIASES = { '#status': 'status' }
const inExpression = (name: string) => (name === 'status' ? '#status' : name)

/** One conditional update, written down so that it is recognised and takes effect once. */
export function updateRequest(
  { table, tenant, ulid, operation }: EventTarget,
  update: EventUpdate,
): UpdateItemCommandInput {
  const { set, setExpressions = [], remove = [], condition, values = {}, returns = 'UPDATED_NEW' } = update
  const { record = RECORD } = update
  const names = Object.keys(set)
  const assignments = [
    ...names.map((name) => `${inExpression(name)} = :new_${name}`),
    ...setExpressions,
    ...record.setExpressions,
  ]
  const change = `SET ${assignments.join(', ')}` + (remove.length > 0 ? ` REMOVE ${remove.join(', ')}` : '')
  const isStatusMeant = change.includes('#status') || condition.includes('#status')
  return {
    TableName: table,
    Key: eventKey(tenant, ulid),
    UpdateExpression: change,
    ConditionExpression: `${condition} AND ${NOT_RECORDED}`,
    ...(isStatusMeant && { ExpressionAttributeNames: ALIASES }),
    ExpressionAttributeValues: {
      ...Object.fromEntries(names.map((name) => [`:new_${name}`, set[name] ?? { NULL: true }])),
      ...values,
      ...record.valuesOf(operation),
    },
    ReturnValues: returns,
    ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
  }
}

/** Writes down an operation as if it had taken place, so that no earlier try of it does. Nothing else changes. */
export function barRequest(target: EventTarget): UpdateItemCommandInput {
  return updateRequest(target, {
    set: { [BARRED]: { S: target.operation } },
    condition: 'attribute_exists(pk) AND #status <> :delivered',
    values: { ':delivered': { S: 'delivered' } },
    returns: 'ALL_NEW',
  })
}
