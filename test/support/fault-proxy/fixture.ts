import {
  CreateTableCommand,
  DynamoDBClient,
  GetItemCommand,
  PutItemCommand,
  QueryCommand,
  type AttributeValue,
  type CreateTableCommandInput,
  type QueryCommandInput,
} from '@aws-sdk/client-dynamodb'
import { randomUUID } from 'node:crypto'
import type { Test } from 'tap'
import { startFaultProxy, type FaultProxy, type Faults } from '../fault-proxy.ts'

export type Item = Record<string, AttributeValue>

const TABLE: Omit<CreateTableCommandInput, 'TableName'> = {
  BillingMode: 'PAY_PER_REQUEST',
  AttributeDefinitions: ['pk', 'sk', 'status_key', 'inbox_key', 'available_at'].map((AttributeName) => ({
    AttributeName,
    AttributeType: 'S',
  })),
  KeySchema: keySchema('pk', 'sk'),
  GlobalSecondaryIndexes: [
    { IndexName: 'StatusIndex', KeySchema: keySchema('status_key', 'sk') },
    { IndexName: 'InboxIndex', KeySchema: keySchema('inbox_key', 'available_at') },
  ].map((index) => ({ ...index, Projection: { ProjectionType: 'KEYS_ONLY' } })),
}

function keySchema(hash: string, range: string): CreateTableCommandInput['KeySchema'] {
  return [
    { AttributeName: hash, KeyType: 'HASH' },
    { AttributeName: range, KeyType: 'RANGE' },
  ]
}

/** What a Query asks for: the items of one partition from `0` to `z`. */
export const BASE = partition('pk', 'sk')
export const STATUS = { IndexName: 'StatusIndex', ...partition('status_key', 'sk') }
export const INBOX = { IndexName: 'InboxIndex', ...partition('inbox_key', 'available_at') }

function partition(hash: string, range: string, from = '0') {
  return {
    KeyConditionExpression: '#h = :h AND #r BETWEEN :a AND :b',
    ExpressionAttributeNames: { '#h': hash, '#r': range },
    ExpressionAttributeValues: { ':h': { S: `the ${hash}` }, ':a': { S: from }, ':b': { S: 'z' } },
  } satisfies Partial<QueryCommandInput>
}

/** A full item in the one partition of the table and of each index. */
export function item(sk: string): Item {
  return {
    ...key(sk),
    status_key: { S: 'the status_key' },
    inbox_key: { S: 'the inbox_key' },
    available_at: { S: `1#${sk}` },
  }
}

export function key(sk: string): Item {
  return { pk: { S: 'the pk' }, sk: { S: sk } }
}

/** A table of its own behind a proxy of its own, and a client that does not retry. */
export class Fixture {
  readonly TableName = `table-${randomUUID()}`
  readonly proxy: FaultProxy
  readonly client: DynamoDBClient

  constructor(proxy: FaultProxy) {
    this.proxy = proxy
    this.client = createClient(proxy.endpoint)
  }

  /** @param items the sort keys of what is in the table before any fault. */
  static async start(t: Test, target: string, faults: Faults, items: string[] = []): Promise<Fixture> {
    const fixture = new Fixture(await startFaultProxy({ target }))
    t.teardown(async () => {
      fixture.client.destroy()
      await fixture.proxy.stop()
    })
    await fixture.client.send(new CreateTableCommand({ TableName: fixture.TableName, ...TABLE }))
    for (const sk of items) await fixture.put(sk)
    fixture.proxy.faults = faults
    fixture.proxy.calls.length = 0
    return fixture
  }

  async put(sk: string, client = this.client): Promise<void> {
    await client.send(new PutItemCommand({ TableName: this.TableName, Item: item(sk) }))
  }

  async get(sk: string): Promise<Item | undefined> {
    const input = { TableName: this.TableName, Key: key(sk), ConsistentRead: true }
    return (await this.client.send(new GetItemCommand(input))).Item
  }

  /** The sort keys of every page, following LastEvaluatedKey to the end. */
  async pages(query: Partial<QueryCommandInput>): Promise<string[][]> {
    const pages: string[][] = []
    let start: Item | undefined
    do {
      const input = { TableName: this.TableName, ...query, ...(start && { ExclusiveStartKey: start }) }
      const { Items = [], LastEvaluatedKey } = await this.client.send(new QueryCommand(input))
      pages.push(Items.map(({ sk }) => sk?.S ?? ''))
      start = LastEvaluatedKey
    } while (start)
    return pages
  }

  async all(query: Partial<QueryCommandInput>): Promise<string[]> {
    return (await this.pages(query)).flat()
  }
}

export function createClient(endpoint: string, maxAttempts = 1): DynamoDBClient {
  const credentials = { accessKeyId: 'local', secretAccessKey: 'local' }
  return new DynamoDBClient({ endpoint, region: 'local', credentials, maxAttempts })
}
