import {
  CreateTableCommand,
  DescribeTableCommand,
  DescribeTimeToLiveCommand,
  ResourceInUseException,
  ResourceNotFoundException,
  UpdateTimeToLiveCommand,
  waitUntilTableExists,
  type DynamoDBClient,
  type KeySchemaElement,
  type TableDescription,
} from '@aws-sdk/client-dynamodb'
import { tableDefinition, TTL_ATTRIBUTE } from './table.ts'

/** How long a new table may take to become active. */
const MAX_WAIT_SECONDS = 120

export interface MigrationResult {
  /** Whether the table was made now; otherwise it was there and has been checked. */
  created: boolean
}

async function describe(client: DynamoDBClient, table: string): Promise<TableDescription | undefined> {
  try {
    return (await client.send(new DescribeTableCommand({ TableName: table }))).Table
  } catch (error) {
    if (error instanceof ResourceNotFoundException) return undefined
    throw error
  }
}

const keysOf = (schema: KeySchemaElement[] | undefined) =>
  (schema ?? []).map(({ AttributeName, KeyType }) => `${AttributeName ?? ''} ${KeyType ?? ''}`).join(', ')

/** @returns What of the definition the table does not have, in words; nothing when it fits. */
export function differences(
  definition: ReturnType<typeof tableDefinition>,
  table: TableDescription,
): string[] {
  const found: string[] = []
  if (keysOf(table.KeySchema) !== keysOf(definition.KeySchema)) {
    found.push(`the key is (${keysOf(table.KeySchema)}), not (${keysOf(definition.KeySchema)})`)
  }
  for (const { IndexName, KeySchema, Projection } of definition.GlobalSecondaryIndexes) {
    const index = table.GlobalSecondaryIndexes?.find((candidate) => candidate.IndexName === IndexName)
    const projected = index?.Projection?.NonKeyAttributes ?? []
    const missing = Projection.NonKeyAttributes.filter((name) => !projected.includes(name))
    if (!index) found.push(`the index ${IndexName} is missing`)
    else if (keysOf(index.KeySchema) !== keysOf(KeySchema)) found.push(`the key of ${IndexName} is another`)
    else if (missing.length > 0) found.push(`${IndexName} does not have ${missing.join(', ')}`)
  }
  return found
}

async function hasExpiry(client: DynamoDBClient, table: string): Promise<boolean> {
  const { TimeToLiveDescription } = await client.send(new DescribeTimeToLiveCommand({ TableName: table }))
  return TimeToLiveDescription?.TimeToLiveStatus?.startsWith('ENABL') ?? false
}

async function enableExpiry(client: DynamoDBClient, table: string): Promise<void> {
  if (await hasExpiry(client, table)) return
  const TimeToLiveSpecification = { AttributeName: TTL_ATTRIBUTE, Enabled: true }
  try {
    await client.send(new UpdateTimeToLiveCommand({ TableName: table, TimeToLiveSpecification }))
  } catch (error) {
    // The embedded store has no expiry: its expired rows are only hidden.
    if (error instanceof Error && error.name === 'UnknownOperationException') return
    // Somebody else may have enabled it at this moment.
    if (!(await hasExpiry(client, table))) throw error
  }
}

/** Creates the table with its indexes and expiry, or checks the one that is there. Throws when that one differs. */
export async function migrate(client: DynamoDBClient, table: string): Promise<MigrationResult> {
  const definition = tableDefinition(table)
  const existing = await describe(client, table)
  if (existing) {
    const found = differences(definition, existing)
    if (found.length > 0) throw new Error(`The table ${table} is not as it should be: ${found.join('; ')}.`)
    await enableExpiry(client, table)
    return { created: false }
  }
  try {
    await client.send(new CreateTableCommand(definition))
  } catch (error) {
    // Somebody else creates it at this moment.
    if (!(error instanceof ResourceInUseException)) throw error
  }
  await waitUntilTableExists(
    { client, maxWaitTime: MAX_WAIT_SECONDS, minDelay: 0.1, maxDelay: 3 },
    { TableName: table },
  )
  await enableExpiry(client, table)
  return { created: true }
}
