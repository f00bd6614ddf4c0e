import type { Attributes } from '@opentelemetry/api'

interface Input {
  TableName?: string
  RequestItems?: Record<string, unknown>
  IndexName?: string
  Limit?: number
  ConsistentRead?: boolean
  ScanIndexForward?: boolean
  Select?: string
}
interface Output {
  Count?: number
  ScannedCount?: number
}

/**
 * What the semantic conventions want to know of a call, none of which is data:
 * https://opentelemetry.io/docs/specs/semconv/database/dynamodb/
 */
export function describeDynamoDB(input: Input, output: Output = {}): Attributes {
  const tables = input.TableName === undefined ? Object.keys(input.RequestItems ?? {}) : [input.TableName]
  const attributes: Attributes = {
    ...(tables[0] === undefined
      ? {}
      : {
          'db.system.name': 'aws.dynamodb',
          'db.collection.name': tables[0],
          'aws.table_name': tables[0],
          'aws.dynamodb.table_names': tables,
        }),
    'aws.dynamodb.index_name': input.IndexName,
    'aws.dynamodb.limit': input.Limit,
    'aws.dynamodb.consistent_read': input.ConsistentRead,
    'aws.dynamodb.scan_forward': input.ScanIndexForward,
    'aws.dynamodb.select': input.Select,
    'aws.dynamodb.count': output.Count,
    'aws.dynamodb.scanned_count': output.ScannedCount,
  }
  return Object.fromEntries(Object.entries(attributes).filter(([, value]) => value !== undefined))
}
