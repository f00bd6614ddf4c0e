import { hash } from 'node:crypto'
import type { Clock } from '../domain/clock.ts'
import type { IdempotencyRecord, IdempotencyStore } from '../domain/ports.ts'
import type { DynamoDB } from './client.ts'
import { writeConditionally } from './conditional.ts'
import { textOf } from './items.ts'
import type { Item } from './keys.ts'
import { TTL_ATTRIBUTE } from './table.ts'

export interface IdempotencyStoreOptions {
  dynamodb: DynamoDB
  table: string
  clock: Clock
  /** How long a key stands for its event, in seconds. */
  windowSeconds: number
}

/** Keys are hashed: they may hold what should not be read in a table, and all come out equally long. */
function recordKey(tenant: string, key: string): Item {
  return { pk: { S: `i#${tenant}#${hash('sha256', key, 'base64url')}` }, sk: { S: '-' } }
}

/** One small item per key, put only where none counts: whoever puts it first decides which event the key means. */
export function createIdempotencyStore(options: IdempotencyStoreOptions): IdempotencyStore {
  const { dynamodb, table, clock, windowSeconds } = options
  return {
    async claim({ tenant, signal }, key, record) {
      const nowSeconds = Math.floor(clock() / 1000)
      const itemKey = recordKey(tenant.name, key)
      const result = await writeConditionally({ dynamodb, table, key: itemKey, signal }, () =>
        dynamodb.putItem(
          {
            TableName: table,
            Item: {
              ...itemKey,
              event_id: { S: record.event_id },
              body_hash: { S: record.body_hash },
              [TTL_ATTRIBUTE]: { N: String(nowSeconds + windowSeconds) },
            },
            ConditionExpression: 'attribute_not_exists(pk) OR #ttl <= :now',
            ExpressionAttributeNames: { '#ttl': TTL_ATTRIBUTE },
            ExpressionAttributeValues: { ':now': { N: String(nowSeconds) } },
            ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
          },
          signal,
        ),
      )
      if (result.applied || !result.found) return record
      return toRecord(result.found)
    },
  }
}

function toRecord(item: Item): IdempotencyRecord {
  return { event_id: textOf(item, 'event_id'), body_hash: textOf(item, 'body_hash') }
}
