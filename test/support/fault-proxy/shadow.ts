import { setTimeout as delay } from 'node:timers/promises'
import pMap from 'p-map'
import { callLike, isOk, type Answer, type Attributes, type Call, type Input, type Send } from './call.ts'

/** Emulators take no more than half a second to make a table. */
const POLL_MS = 20
/** Of writes to a new shadow, for whose making a call may wait. */
const CONCURRENCY = 16

/** A second table with the same keys, indexes and, at first, items. */
export interface Shadow {
  name: string
  keyNames: string[]
}

interface Description {
  TableStatus: string
  AttributeDefinitions: unknown
  KeySchema: { AttributeName: string }[]
  GlobalSecondaryIndexes?: { IndexName: string; KeySchema: unknown; Projection: unknown }[]
}

interface ScanOutput {
  Items: Attributes[]
  LastEvaluatedKey?: Attributes
}

/**
 * Makes a shadow named `name` of the table that the call is about.
 * @throws if there is no such table.
 */
export async function createShadow(call: Call, name: string, send: Send): Promise<Shadow> {
  const perform = async (operation: string, input: Input) =>
    output(operation, await send(callLike(call, operation, input)))
  const describe = async (table: Input) => (await perform('DescribeTable', table)) as { Table: Description }

  const original = { TableName: call.input.TableName ?? '' }
  const { Table: table } = await describe(original)
  await perform('CreateTable', { TableName: name, ...keysAndIndexes(table) })
  while ((await describe({ TableName: name })).Table.TableStatus !== 'ACTIVE') await delay(POLL_MS)

  let page: Input = original
  do {
    const { Items, LastEvaluatedKey } = (await perform('Scan', page)) as ScanOutput
    await pMap(Items, (Item) => perform('PutItem', { TableName: name, Item }), { concurrency: CONCURRENCY })
    page = { ...original, ...(LastEvaluatedKey && { ExclusiveStartKey: LastEvaluatedKey }) }
  } while (page.ExclusiveStartKey)
  return { name, keyNames: table.KeySchema.map(({ AttributeName }) => AttributeName) }
}

/** The item that a PutItem, UpdateItem or DeleteItem is about, as text. */
export function itemKey(shadow: Shadow, input: Input): string {
  const attributes = input.Key ?? input.Item
  return JSON.stringify([shadow.name, ...shadow.keyNames.map((name) => attributes?.[name])])
}

function keysAndIndexes(table: Description): Input {
  const indexes = table.GlobalSecondaryIndexes?.map(({ IndexName, KeySchema, Projection }) => ({
    IndexName,
    KeySchema,
    Projection,
  }))
  return {
    AttributeDefinitions: table.AttributeDefinitions,
    KeySchema: table.KeySchema,
    BillingMode: 'PAY_PER_REQUEST',
    ...(indexes && { GlobalSecondaryIndexes: indexes }),
  }
}

function output(operation: string, answer: Answer): unknown {
  if (!isOk(answer)) throw new Error(`${operation} for a lagging index: ${answer.body}`)
  return JSON.parse(answer.body)
}
