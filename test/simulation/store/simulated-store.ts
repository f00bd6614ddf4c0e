import {
  ConditionalCheckFailedException,
  type BatchGetItemCommandInput,
  type BatchGetItemCommandOutput,
  type GetItemCommandInput,
  type GetItemCommandOutput,
  type PutItemCommandInput,
  type PutItemCommandOutput,
  type QueryCommandInput,
  type QueryCommandOutput,
  type UpdateItemCommandInput,
  type UpdateItemCommandOutput,
} from '@aws-sdk/client-dynamodb'
import type { Item } from '../../../src/dynamodb/keys.ts'
import { tableDefinition } from '../../../src/dynamodb/table.ts'
import { compileCondition } from './conditions.ts'
import { readKeyRange } from './key-conditions.ts'
import { keyNames, LaggingIndex } from './lagging-index.ts'
import { readPage } from './query.ts'
import { project } from './projection.ts'
import { checkMembers, checkPlaceholders } from './requests.ts'
import { placeOf, SortedRows } from './sorted-rows.ts'
import { ValidationException } from './tokens.ts'
import { compileUpdate } from './updates.ts'

export interface StoreOptions {
  table: string
  now: () => number
  /** How long (ms) the next write takes to be shown by an index. */
  lagMs: () => number
  /** Whether a failed condition tells what it found; the embedded store does not. */
  tellsFound: boolean
  /** Told of every change of an item, at the moment that it happens. */
  onWrite?: (before: Item | undefined, after: Item | undefined) => void
}

const METADATA = { $metadata: {} }
const MAX_BATCH = 100

/**
 * DynamoDB in memory, as far as the service uses it: the real expressions over the real table definition, with indexes
 * that lag. Each call happens at one moment; when it gets there and what becomes of its answer is the network's.
 */
export class SimulatedStore {
  readonly #options: StoreOptions
  readonly #keys: [string, string]
  readonly #partitions = new Map<string, SortedRows>()
  readonly #indexes: ReadonlyMap<string, LaggingIndex>

  constructor(options: StoreOptions) {
    this.#options = options
    const definition = tableDefinition(options.table)
    this.#keys = keyNames(definition)
    this.#indexes = new Map(
      definition.GlobalSecondaryIndexes.map((index) => [
        index.IndexName,
        new LaggingIndex(index, this.#keys),
      ]),
    )
  }

  getItem(input: GetItemCommandInput): GetItemCommandOutput {
    checkMembers('getItem', input)
    this.#checkTable(input.TableName)
    if (input.ConsistentRead !== true)
      throw new ValidationException('Not simulated: stale reads of the table')
    const item = this.#find(input.Key ?? {})
    return { ...METADATA, ...(item ? { Item: item } : {}) }
  }

  batchGetItem(input: BatchGetItemCommandInput): BatchGetItemCommandOutput {
    checkMembers('batchGetItem', input)
    const { table } = this.#options
    const asked = input.RequestItems?.[table] ?? { Keys: [] }
    checkMembers('keysAndAttributes', asked)
    checkPlaceholders(asked, asked.ProjectionExpression)
    const { Keys: keys = [], ConsistentRead: isConsistent } = asked
    if (isConsistent !== true || Object.keys(input.RequestItems ?? {}).length > 1)
      throw new ValidationException('Not simulated: other than consistent reads of one table')
    const unique = new Set(keys.map((key) => this.#itemKey(key)))
    if (keys.length === 0 || keys.length > MAX_BATCH || unique.size < keys.length)
      throw new ValidationException('A batch of no keys, too many, or one of them twice')
    const items = keys.map((key) => this.#find(key)).filter((item) => item !== undefined)
    return { ...METADATA, Responses: { [table]: project(asked, items) }, UnprocessedKeys: {} }
  }

  /** @param most Look at no more rows than this, whatever the limit. */
  query(input: QueryCommandInput, most?: number): QueryCommandOutput {
    checkMembers('query', input)
    this.#checkTable(input.TableName)
    const { IndexName: name, KeyConditionExpression: condition = '' } = input
    checkPlaceholders(input, condition, input.FilterExpression, input.ProjectionExpression)
    if ((name === undefined) !== (input.ConsistentRead === true))
      throw new ValidationException('Consistent reads are for tables, not for indexes')
    const index = name === undefined ? undefined : this.#indexes.get(name)
    if (name !== undefined && !index) throw new ValidationException(`No index ${name}`)
    const keys = index?.keys ?? this.#keys
    const range = readKeyRange(condition, keys, input)
    const rows = index?.rows(range.partition, this.#options.now()) ?? this.#partition(range.partition)
    const source = {
      rows: rows.range(range.from, range.to),
      sortName: keys[1],
      keyNames: [...new Set([...this.#keys, ...keys])],
      itemKeyOf: (item: Item) => this.#itemKey(item),
      range,
    }
    return { ...METADATA, ...readPage(input, source, most) }
  }

  putItem(input: PutItemCommandInput): PutItemCommandOutput {
    checkMembers('putItem', input)
    this.#checkTable(input.TableName)
    checkPlaceholders(input, input.ConditionExpression)
    const item = input.Item ?? {}
    const before = this.#find(item)
    this.#checkCondition(input, before)
    this.#write(before, item)
    return METADATA
  }

  updateItem(input: UpdateItemCommandInput): UpdateItemCommandOutput {
    checkMembers('updateItem', input)
    this.#checkTable(input.TableName)
    checkPlaceholders(input, input.ConditionExpression, input.UpdateExpression)
    const { Key: key = {}, UpdateExpression: update = '', ReturnValues: returns } = input
    const before = this.#find(key)
    this.#checkCondition(input, before)
    const changes = compileUpdate(update)(before ?? key, input)
    const after: Item = { ...(before ?? key) }
    const updated: Item = {}
    for (const [name, value] of changes) {
      if (this.#keys.includes(name)) throw new ValidationException(`${name} is part of the key`)
      if (value === undefined) Reflect.deleteProperty(after, name)
      else after[name] = updated[name] = value
    }
    this.#write(before, after)
    if (returns === 'ALL_NEW') return { ...METADATA, Attributes: after }
    if (returns === 'UPDATED_NEW') return { ...METADATA, Attributes: updated }
    if (returns === undefined) return METADATA
    throw new ValidationException(`Not simulated: ReturnValues ${returns}`)
  }

  /** Deletes items as DynamoDB does some time after their `expires_at`. */
  deleteWhere(isDue: (item: Item) => boolean): void {
    for (const item of this.items()) if (isDue(item)) this.#write(item, undefined)
  }

  /** Everything in the table, as it is now. */
  items(): Item[] {
    return [...this.#partitions.values()].flatMap((rows) => rows.all().map(({ item }) => item))
  }

  #checkTable(name: string | undefined): void {
    if (name !== this.#options.table) throw new ValidationException(`No table ${name ?? ''}`)
  }

  #checkCondition(input: PutItemCommandInput | UpdateItemCommandInput, found: Item | undefined): void {
    const { ConditionExpression: condition, ReturnValuesOnConditionCheckFailure: returns } = input
    if (condition === undefined || compileCondition(condition)(found ?? {}, input)) return
    const isTold = this.#options.tellsFound && returns === 'ALL_OLD' && found !== undefined
    throw new ConditionalCheckFailedException({
      message: 'The conditional request failed',
      ...METADATA,
      ...(isTold ? { Item: found } : {}),
    })
  }

  #write(before: Item | undefined, after: Item | undefined): void {
    const item = after ?? before ?? {}
    const itemKey = this.#itemKey(item)
    const [pk, sk] = this.#keyOf(item)
    const place = placeOf(sk, itemKey)
    if (after) this.#partition(pk).put({ sort: sk, place, item: after })
    else this.#partition(pk).delete(place)
    const now = this.#options.now()
    for (const index of this.#indexes.values()) index.write(itemKey, after, now + this.#options.lagMs())
    this.#options.onWrite?.(before, after)
  }

  #find(key: Item): Item | undefined {
    const [pk, sk] = this.#keyOf(key)
    return this.#partitions.get(pk)?.get(placeOf(sk, this.#itemKey(key)))?.item
  }

  #partition(name: string): SortedRows {
    const known = this.#partitions.get(name) ?? new SortedRows()
    this.#partitions.set(name, known)
    return known
  }

  #keyOf(item: Item): [string, string] {
    const [pk, sk] = this.#keys.map((name) => item[name]?.S ?? '')
    if (!pk || !sk) throw new ValidationException('A key that is no text')
    return [pk, sk]
  }

  #itemKey(item: Item): string {
    return this.#keyOf(item).join('|')
  }
}
