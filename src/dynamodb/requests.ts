import type {
  BatchGetItemCommandInput,
  GetItemCommandInput,
  PutItemCommandInput,
  QueryCommandInput,
} from '@aws-sdk/client-dynamodb'
import { ulidPrefix, type Ulid } from '../domain/event-id.ts'
import type { EventListQuery, FailedQuery, InboxReadQuery } from '../domain/ports.ts'
import {
  endOf,
  endOfAvailability,
  eventKey,
  inboxKey,
  justAfter,
  justBefore,
  partitionKey,
  statusKey,
  type Item,
} from './keys.ts'
import { WHOLE_EVENT } from './items.ts'
import { INBOX_INDEX, STATUS_INDEX, TTL_ATTRIBUTE } from './table.ts'

/** A new event, never over an old one: the SDK may send it twice, and the event may be acknowledged in between. */
export function putEventRequest(table: string, item: Item): PutItemCommandInput {
  return {
    TableName: table,
    Item: item,
    ConditionExpression: 'attribute_not_exists(pk)',
    ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
  }
}

export function getEventRequest(table: string, tenant: string, ulid: Ulid): GetItemCommandInput {
  return { TableName: table, Key: eventKey(tenant, ulid), ConsistentRead: true }
}

/** Which page of a shard: how many rows DynamoDB looks at, and from where it goes on. */
export interface ShardPageRequest {
  shard: number
  limit: number
  continuation: Item | undefined
}

/** The members that make a query keep only events of one type. The limit counts what is looked at, not what is kept. */
function typeFilter(eventType: string | undefined) {
  return eventType === undefined
    ? { filter: {}, values: {} }
    : {
        filter: { FilterExpression: 'event_type = :event_type' },
        values: { ':event_type': { S: eventType } },
      }
}

/**
 * One page of one shard of a list, newest first. Without a status it reads the event rows, consistently; with one the
 * index. Times become bounds of the id, so that nothing outside of them is looked at.
 */
export function listRequest(
  table: string,
  tenant: string,
  query: EventListQuery,
  { shard, limit, continuation }: ShardPageRequest,
): QueryCommandInput {
  const { status, event_type, created_after = 0, created_before, position } = query
  const last = created_before === undefined ? endOf('') : ulidPrefix(created_before)
  const { filter, values } = typeFilter(event_type)
  const partition = status === undefined ? partitionKey(tenant, shard) : statusKey(tenant, shard, status)
  return {
    TableName: table,
    ...(status === undefined ? { ConsistentRead: true } : { IndexName: STATUS_INDEX }),
    KeyConditionExpression: '#partition = :partition AND sk BETWEEN :from AND :to',
    ...filter,
    ProjectionExpression: 'sk, event_type, #status, delivered_at, failed_at, #ttl',
    ExpressionAttributeNames: {
      '#partition': status === undefined ? 'pk' : 'status_key',
      '#status': 'status',
      '#ttl': TTL_ATTRIBUTE,
    },
    ExpressionAttributeValues: {
      ':partition': { S: partition },
      ':from': { S: ulidPrefix(created_after) },
      ':to': { S: position === undefined ? last : justBefore(position) },
      ...values,
    },
    ScanIndexForward: false,
    Limit: limit,
    ...(continuation === undefined ? {} : { ExclusiveStartKey: continuation }),
  }
}

/** One page of one shard of the inbox index: when and how large, of what became available up to a moment, oldest first. */
export function inboxRequest(
  table: string,
  tenant: string,
  query: InboxReadQuery,
  { shard, limit, continuation }: ShardPageRequest,
): QueryCommandInput {
  const { event_type, available_until, position } = query
  const { filter, values } = typeFilter(event_type)
  return {
    TableName: table,
    IndexName: INBOX_INDEX,
    KeyConditionExpression: 'inbox_key = :partition AND available_at BETWEEN :from AND :to',
    ...filter,
    ProjectionExpression: 'available_at, body_bytes',
    ExpressionAttributeValues: {
      ':partition': { S: inboxKey(tenant, shard) },
      ':from': { S: position === undefined ? '0' : justAfter(position) },
      ':to': { S: endOfAvailability(available_until) },
      ...values,
    },
    Limit: limit,
    ...(continuation === undefined ? {} : { ExclusiveStartKey: continuation }),
  }
}

/** One page of one shard of the events that failed, in the order of their ids. */
export function failedRequest(
  table: string,
  tenant: string,
  query: FailedQuery,
  { shard, limit, continuation }: ShardPageRequest,
): QueryCommandInput {
  const { failed_after = 0, failed_before = Number.MAX_SAFE_INTEGER, position } = query
  const { filter, values } = typeFilter(query.event_type)
  return {
    TableName: table,
    IndexName: STATUS_INDEX,
    KeyConditionExpression: 'status_key = :partition AND sk BETWEEN :from AND :to',
    FilterExpression: [
      'failed_at >= :failed_after AND failed_at < :failed_before',
      ...Object.values(filter),
    ].join(' AND '),
    ExpressionAttributeValues: {
      ':partition': { S: statusKey(tenant, shard, 'failed') },
      ':from': { S: position === undefined ? '0' : justAfter(position) },
      ':to': { S: endOf('') },
      ':failed_after': { N: String(failed_after) },
      ':failed_before': { N: String(failed_before) },
      ...values,
    },
    Limit: limit,
    ...(continuation === undefined ? {} : { ExclusiveStartKey: continuation }),
  }
}

/** Whole events as they are now, whatever an index says, but for what only writes look at. At most 100 keys, each once. */
export function hydrateRequest(table: string, keys: Item[]): BatchGetItemCommandInput {
  return { RequestItems: { [table]: { Keys: keys, ConsistentRead: true, ...WHOLE_EVENT } } }
}
