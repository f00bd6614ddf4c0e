import type {
  BatchGetItemCommandInput,
  GetItemCommandInput,
  PutItemCommandInput,
  QueryCommandInput,
  UpdateItemCommandInput,
} from '@aws-sdk/client-dynamodb'
import { shardOf, ulidPrefix, type Ulid } from '../domain/event-id.ts'
import type { EventListQuery, InboxReadQuery } from '../domain/ports.ts'
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

interface AcknowledgeTimes {
  nowMs: number
  /** When the delivered event may be deleted, in seconds. */
  expiresAt: number
}

/**
 * Delivers an event that is there, not expired and not delivered yet. `event_type` is set to itself because only
 * updated attributes are answered by `UPDATED_NEW`: the audit log needs it, and the body need not travel.
 */
export function acknowledgeRequest(
  table: string,
  tenant: string,
  ulid: Ulid,
  { nowMs, expiresAt }: AcknowledgeTimes,
): UpdateItemCommandInput {
  return {
    TableName: table,
    Key: eventKey(tenant, ulid),
    UpdateExpression:
      'SET #status = :delivered, status_key = :status_key, delivered_at = :now, #ttl = :expires_at, ' +
      'event_type = event_type REMOVE inbox_key, available_at, lease_id, leased_until',
    ConditionExpression:
      'attribute_exists(pk) AND #status <> :delivered AND (attribute_not_exists(#ttl) OR #ttl > :now_seconds)',
    ExpressionAttributeNames: { '#status': 'status', '#ttl': TTL_ATTRIBUTE },
    ExpressionAttributeValues: {
      ':delivered': { S: 'delivered' },
      ':status_key': { S: statusKey(tenant, shardOf(ulid), 'delivered') },
      ':now': { N: String(nowMs) },
      ':now_seconds': { N: String(Math.floor(nowMs / 1000)) },
      ':expires_at': { N: String(expiresAt) },
    },
    ReturnValues: 'UPDATED_NEW',
    ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
  }
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
    ProjectionExpression: 'pk, sk, event_type, #status, delivered_at, #ttl',
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

/** One page of one shard of the inbox index: what became available up to a moment, oldest first. */
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

/** Whole events as they are now, whatever an index says. At most 100 keys, each once. */
export function hydrateRequest(table: string, keys: Item[]): BatchGetItemCommandInput {
  return { RequestItems: { [table]: { Keys: keys, ConsistentRead: true } } }
}
