import type { AttributeValue, UpdateItemCommandInput } from '@aws-sdk/client-dynamodb'
import { shardOf, type Ulid } from '../domain/event-id.ts'
import type { EventStatus } from '../schemas/event.ts'
import { eventKey, statusKey } from './keys.ts'
import { BARRED, RECORD } from './operations.ts'
import { TTL_ATTRIBUTE } from './table.ts'

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
}

/** What an event gets with a status: the status itself and its place in the StatusIndex. */
export function inStatus(tenant: string, ulid: Ulid, status: EventStatus): Record<string, AttributeValue> {
  return { status: { S: status }, status_key: { S: statusKey(tenant, shardOf(ulid), status) } }
}

/** Names are always aliased: several attributes are reserved words of DynamoDB. Conditions name `#status` and `#ttl`. */
export function updateRequest(
  { table, tenant, ulid, operation }: EventTarget,
  update: EventUpdate,
): UpdateItemCommandInput {
  const { set, setExpressions = [], remove = [], condition, values = {}, returns = 'UPDATED_NEW' } = update
  const names = Object.keys(set)
  const assignments = [
    ...names.map((name) => `#${name} = :new_${name}`),
    ...setExpressions,
    ...RECORD.setExpressions,
  ]
  const aliases: [string, string][] = names.map((name) => [`#${name}`, name])
  if (condition.includes('#status')) aliases.push(['#status', 'status'])
  if (condition.includes('#ttl')) aliases.push(['#ttl', TTL_ATTRIBUTE])
  return {
    TableName: table,
    Key: eventKey(tenant, ulid),
    UpdateExpression:
      `SET ${assignments.join(', ')}` + (remove.length > 0 ? ` REMOVE ${remove.join(', ')}` : ''),
    ConditionExpression: `${condition} AND ${RECORD.condition}`,
    ExpressionAttributeNames: Object.fromEntries(aliases),
    ExpressionAttributeValues: {
      ...Object.fromEntries(names.map((name) => [`:new_${name}`, set[name] ?? { NULL: true }])),
      ...values,
      ...RECORD.valuesOf(operation),
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
