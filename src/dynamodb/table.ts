import type { CreateTableCommandInput } from '@aws-sdk/client-dynamodb'

/** Summaries of all events, by tenant, shard and status, in the order of their ids. */
export const STATUS_INDEX = 'StatusIndex'
/** Open events alone, by tenant and shard, in the order in which they become available. */
export const INBOX_INDEX = 'InboxIndex'
/** DynamoDB deletes an item some time after this moment (seconds since 1970). */
export const TTL_ATTRIBUTE = 'expires_at'

const text = (name: string) => ({ AttributeName: name, AttributeType: 'S' as const })

const key = (partition: string, sort: string) => [
  { AttributeName: partition, KeyType: 'HASH' as const },
  { AttributeName: sort, KeyType: 'RANGE' as const },
]

/**
 * The table: the one definition that migration, tests and deployment use. No payload is in an index, since each index
 * write costs what the projected row weighs.
 */
export function tableDefinition(tableName: string) {
  return {
    TableName: tableName,
    BillingMode: 'PAY_PER_REQUEST',
    AttributeDefinitions: ['pk', 'sk', 'status_key', 'inbox_key', 'available_at'].map(text),
    KeySchema: key('pk', 'sk'),
    GlobalSecondaryIndexes: [
      {
        IndexName: STATUS_INDEX,
        KeySchema: key('status_key', 'sk'),
        Projection: {
          ProjectionType: 'INCLUDE',
          NonKeyAttributes: ['event_type', 'status', 'delivered_at', 'failed_at', TTL_ATTRIBUTE],
        },
      },
      {
        IndexName: INBOX_INDEX,
        KeySchema: key('inbox_key', 'available_at'),
        Projection: {
          ProjectionType: 'INCLUDE',
          NonKeyAttributes: ['event_type', 'leased_until', 'body_bytes'],
        },
      },
    ],
  } satisfies CreateTableCommandInput
}
