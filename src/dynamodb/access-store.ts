import type { AccessAdminStore } from '../domain/ports.ts'
import {
  DIRECTORY,
  directoryKey,
  keyKey,
  POINTER,
  pointerKey,
  tenantKey,
  tenantPartition,
  toApiKey,
  toKeyItem,
  toTenant,
  toTenantItem,
} from './access-items.ts'
import type { DynamoDB } from './client.ts'
import { writeConditionally } from './conditional.ts'
import { textOf } from './items.ts'
import type { Item } from './keys.ts'

export interface AccessStoreOptions {
  dynamodb: DynamoDB
  table: string
  /** How long a call may take, in ms: look-ups serve many requests at once, so no single deadline is theirs. */
  timeoutMs: number
}

/** API keys and tenants. A key is found by its id; pointers under its tenant and a directory make both listable. */
export function createAccessStore(options: AccessStoreOptions): AccessAdminStore {
  const findKey: AccessAdminStore['findKey'] = async (keyId) => {
    const item = await readItem(options, keyKey(keyId))
    return item && toApiKey(item)
  }
  return {
    findKey,
    async findTenant(name) {
      const item = await readItem(options, tenantKey(name))
      return item && toTenant(item, name)
    },
    async addTenant(name) {
      await putOnce(options, directoryKey(name), {})
      await putOnce(options, tenantKey(name), toTenantItem({ name, shards: 1, read_shards: 1 }))
    },
    listTenants: () => readNames(options, DIRECTORY, ''),
    growTenant: (name, change) => setNumbers(options, tenantKey(name), change, 'onlyUp'),
    async addKey(key) {
      // The pointer first: a key that works but is not listed could never be found to be revoked.
      await putOnce(options, pointerKey(key.tenant, key.key_id), {})
      await putOnce(options, keyKey(key.key_id), toKeyItem(key))
    },
    async listKeys(tenant) {
      const ids = await readNames(options, tenantPartition(tenant), POINTER)
      const keys = await Promise.all(ids.map(findKey))
      return keys.filter((key) => key !== undefined)
    },
    updateKey: (keyId, change) => setNumbers(options, keyKey(keyId), change),
  }
}

async function readItem(
  { dynamodb, table, timeoutMs }: AccessStoreOptions,
  key: Item,
): Promise<Item | undefined> {
  const request = { TableName: table, Key: key, ConsistentRead: true }
  return (await dynamodb.getItem(request, AbortSignal.timeout(timeoutMs))).Item
}

/** Writes an item unless there is one under its key. */
async function putOnce(options: AccessStoreOptions, key: Item, attributes: Item): Promise<void> {
  const { dynamodb, table, timeoutMs } = options
  const signal = AbortSignal.timeout(timeoutMs)
  const request = {
    TableName: table,
    Item: { ...attributes, ...key },
    ConditionExpression: 'attribute_not_exists(pk)',
    ReturnValuesOnConditionCheckFailure: 'ALL_OLD' as const,
  }
  await writeConditionally({ dynamodb, table, key, signal }, () => dynamodb.putItem(request, signal))
}

/** The sort keys of a whole partition, without their prefix. Such partitions are small, and only the CLI reads them. */
async function readNames(options: AccessStoreOptions, partition: string, prefix: string): Promise<string[]> {
  const names: string[] = []
  let continuation: Item | undefined
  do {
    const request = {
      TableName: options.table,
      ConsistentRead: true,
      KeyConditionExpression: 'pk = :pk' + (prefix === '' ? '' : ' AND begins_with(sk, :prefix)'),
      ExpressionAttributeValues: {
        ':pk': { S: partition },
        ...(prefix === '' ? {} : { ':prefix': { S: prefix } }),
      },
      ...(continuation === undefined ? {} : { ExclusiveStartKey: continuation }),
    }
    const answer = await options.dynamodb.query(request, AbortSignal.timeout(options.timeoutMs))
    for (const item of answer.Items ?? []) names.push(textOf(item, 'sk').slice(prefix.length))
    continuation = answer.LastEvaluatedKey
  } while (continuation)
  return names
}

/** Sets numbers of an item. @returns false when there is no such item, or (`onlyUp`) a number of it is higher. */
async function setNumbers(
  options: AccessStoreOptions,
  key: Item,
  numbers: Record<string, number>,
  direction: 'any' | 'onlyUp' = 'any',
): Promise<boolean> {
  const { dynamodb, table, timeoutMs } = options
  const signal = AbortSignal.timeout(timeoutMs)
  const names = Object.keys(numbers)
  const rising = direction === 'onlyUp' ? names.map((name) => ` AND #${name} <= :${name}`).join('') : ''
  const request = {
    TableName: table,
    Key: key,
    UpdateExpression: `SET ${names.map((name) => `#${name} = :${name}`).join(', ')}`,
    ConditionExpression: `attribute_exists(pk)${rising}`,
    ExpressionAttributeNames: Object.fromEntries(names.map((name) => [`#${name}`, name])),
    ExpressionAttributeValues: Object.fromEntries(
      names.map((name) => [`:${name}`, { N: String(numbers[name]) }]),
    ),
  }
  const result = await writeConditionally({ dynamodb, table, key, signal }, () =>
    dynamodb.updateItem(request, signal),
  )
  return result.applied
}
