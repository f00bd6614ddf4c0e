import type { UpdateItemCommandInput } from '@aws-sdk/client-dynamodb'
import { shardOf, type Ulid } from '../domain/event-id.ts'
import type { EventStatus } from '../schemas/event.ts'
import { eventKey, statusKey, type Item } from './keys.ts'
import { BARRED, NOT_RECORDED, RECORD, type OperationRecord } from './operations.ts'

/** The event that a write is about, and what the write is recognised by. */
export interface EventTarget {
  table: string
  tenant: string
  ulid: Ulid
  operation: string
}

/** What a conditional change of an event says, whatever its values are. */
export interface UpdateForm {
  /** The attributes that get a value. */
  set: readonly string[]
  /** Set by an expression of its own instead of a value. */
  setExpressions?: readonly string[]
  remove?: readonly string[]
  condition: string
  returns?: 'ALL_NEW' | 'UPDATED_NEW'
  /** `RECORD` unless nothing may follow it, or something else tells that it took place. */
  record?: OperationRecord
}

export interface UpdateValues {
  /** One for each attribute that is set. */
  set: Item
  /** Those that the condition and the expressions name, by their placeholders. */
  values?: Item
}

/** What an event gets with a status: the status itself and its place in the StatusIndex. */
export function inStatus(tenant: string, ulid: Ulid, status: EventStatus): Item {
  return { status: { S: status }, status_key: { S: statusKey(tenant, shardOf(ulid), status) } }
}
/** The attributes of `inStatus`. */
export const STATUS = ['status', 'status_key']

/** Of the attributes `status` alone is a reserved word of DynamoDB: wherever it is meant, it is called `#status`. */
const ALIASES = { '#status': 'status' }
const inExpression = (name: string) => (name === 'status' ? '#status' : name)

/**
 * Puts the words of an update together, once for each kind of update: they are most of the request.
 *
 * @returns What makes such an update, written down so that it is recognised and takes effect once.
 */
export function defineUpdate(form: UpdateForm) {
  const { setExpressions = [], remove = [], condition, returns = 'UPDATED_NEW', record = RECORD } = form
  const placeholders = form.set.map((name) => [name, `:new_${name}`] as const)
  const assignments = [
    ...placeholders.map(([name, placeholder]) => `${inExpression(name)} = ${placeholder}`),
    ...setExpressions,
    ...record.setExpressions,
  ]
  const change = `SET ${assignments.join(', ')}` + (remove.length > 0 ? ` REMOVE ${remove.join(', ')}` : '')
  const isStatusMeant = change.includes('#status') || condition.includes('#status')
  const words = {
    UpdateExpression: change,
    ConditionExpression: `${condition} AND ${NOT_RECORDED}`,
    ...(isStatusMeant && { ExpressionAttributeNames: ALIASES }),
    ReturnValues: returns,
    ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
  } as const
  return (
    { table, tenant, ulid, operation }: EventTarget,
    { set, values }: UpdateValues,
  ): UpdateItemCommandInput => {
    const given: Item = { ...values, ...record.valuesOf(operation) }
    for (const [name, placeholder] of placeholders) given[placeholder] = set[name] ?? { NULL: true }
    return { TableName: table, Key: eventKey(tenant, ulid), ...words, ExpressionAttributeValues: given }
  }
}

const bar = defineUpdate({
  set: [BARRED],
  condition: 'attribute_exists(pk) AND #status <> :delivered',
  returns: 'ALL_NEW',
})

/** Writes down an operation as if it had taken place, so that no earlier try of it does. Nothing else changes. */
export function barRequest(target: EventTarget): UpdateItemCommandInput {
  return bar(target, {
    set: { [BARRED]: { S: target.operation } },
    values: { ':delivered': { S: 'delivered' } },
  })
}
