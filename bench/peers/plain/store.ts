import { ConditionalCheckFailedException, DynamoDBClient } from '@aws-sdk/client-dynamodb'
import {
  BatchGetCommand,
  DynamoDBDocumentClient,
  GetCommand,
  PutCommand,
  QueryCommand,
  UpdateCommand,
} from '@aws-sdk/lib-dynamodb'
import {
  ACKNOWLEDGE,
  CLAIM,
  CLOCK_GUARD_MS,
  INBOX,
  LIST,
  MAX_ATTEMPTS,
  PUT_ONCE,
  RETENTION_SECONDS,
  WHOLE_EVENTS,
} from '../expressions.ts'
import { availability, inboxOf, newUlid, partitionOf, statusKeyOf, ulidOfAvailability } from '../ids.ts'
import type { Item } from './events.ts'

const { DYNAMODB_ENDPOINT: endpoint = '', DYNAMODB_TABLE: TableName = '' } = process.env

/** https://docs.aws.amazon.com/sdk-for-javascript/v3/developer-guide/dynamodb-example-dynamodb-utilities.html */
const client = DynamoDBDocumentClient.from(new DynamoDBClient({ endpoint }))

export interface NewEvent {
  event_type: string
  payload: object
  metadata?: object | null
}

const keyOf = (tenant: string, ulid: string) => ({ pk: partitionOf(tenant), sk: ulid })

/** @returns The attributes of an API key. */
export async function findKey(keyId: string) {
  const { Item: item } = await client.send(
    new GetCommand({ TableName, Key: { pk: `k#${keyId}`, sk: '-' }, ConsistentRead: true }),
  )
  return item as { tenant: string; secret_hash: string } | undefined
}

export async function getEvent(tenant: string, ulid: string): Promise<Item | undefined> {
  const command = new GetCommand({ TableName, Key: keyOf(tenant, ulid), ConsistentRead: true })
  return (await client.send(command)).Item as Item | undefined
}

export async function putEvent(tenant: string, { event_type, payload, metadata = null }: NewEvent) {
  const nowMs = Date.now()
  const ulid = newUlid(nowMs)
  const body = JSON.stringify({ payload, metadata })
  const item = {
    ...keyOf(tenant, ulid),
    event_type,
    status: 'pending',
    body,
    body_bytes: Buffer.byteLength(body),
    delivery_attempts: 0,
    status_key: statusKeyOf(tenant, 'pending'),
    inbox_key: inboxOf(tenant),
    available_at: availability(nowMs, ulid),
  }
  await client.send(new PutCommand({ TableName, Item: item, ...PUT_ONCE }))
  return item
}

/** @returns Whether the event is there; it is delivered then. */
export async function acknowledge(tenant: string, ulid: string): Promise<boolean> {
  const nowMs = Date.now()
  const nowSeconds = Math.floor(nowMs / 1000)
  const command = new UpdateCommand({
    TableName,
    Key: keyOf(tenant, ulid),
    ...ACKNOWLEDGE,
    ExpressionAttributeValues: {
      ':delivered': 'delivered',
      ':status_key': statusKeyOf(tenant, 'delivered'),
      ':now': nowMs,
      ':expires_at': nowSeconds + RETENTION_SECONDS,
      ':now_seconds': nowSeconds,
    },
  })
  try {
    await client.send(command)
    return true
  } catch (error) {
    if (error instanceof ConditionalCheckFailedException) return error.Item !== undefined
    throw error
  }
}

/** @returns Up to `limit` of the newest events, older than the cursor. */
export async function listEvents(tenant: string, limit: number, cursor: string | undefined): Promise<Item[]> {
  const command = new QueryCommand({
    TableName,
    ...LIST,
    ExpressionAttributeValues: {
      ':partition': partitionOf(tenant),
      ':from': '0',
      ':to': cursor ?? '~',
    },
    Limit: limit,
  })
  const { Items = [] } = await client.send(command)
  return (Items as Item[]).filter(({ sk }) => sk !== cursor)
}

/** @returns Where the oldest events that can be delivered stand in the index. */
export async function readInbox(tenant: string, limit: number, after = '0'): Promise<string[]> {
  const command = new QueryCommand({
    TableName,
    ...INBOX,
    ExpressionAttributeValues: {
      ':partition': inboxOf(tenant),
      ':from': after === '0' ? after : `${after}~`,
      ':to': `${Date.now()}~`,
    },
    Limit: limit,
  })
  const { Items = [] } = await client.send(command)
  return (Items as Item[]).map(({ available_at = '' }) => available_at)
}

/** Reads events whole, in the order of their places in the index. */
export async function getEvents(tenant: string, places: string[]): Promise<Item[]> {
  const ulids = places.map(ulidOfAvailability)
  const Keys = ulids.map((ulid) => keyOf(tenant, ulid))
  const command = new BatchGetCommand({ RequestItems: { [TableName]: { Keys, ...WHOLE_EVENTS } } })
  const { Responses = {} } = await client.send(command)
  const found = new Map((Responses[TableName] as Item[]).map((item) => [item.sk, item]))
  return ulids.flatMap((ulid) => found.get(ulid) ?? [])
}

export async function claim(tenant: string, seen: string, lease: { id: string; expiresAt: number }) {
  const ulid = ulidOfAvailability(seen)
  const command = new UpdateCommand({
    TableName,
    Key: keyOf(tenant, ulid),
    ...CLAIM,
    ExpressionAttributeValues: {
      ':undelivered': 'undelivered',
      ':status_key': statusKeyOf(tenant, 'undelivered'),
      ':available_at': availability(lease.expiresAt + CLOCK_GUARD_MS, ulid),
      ':leased_until': lease.expiresAt,
      ':lease_id': lease.id,
      ':one': 1,
      ':seen': seen,
      ':max_attempts': MAX_ATTEMPTS,
    },
  })
  return (await client.send(command)).Attributes as Item
}
