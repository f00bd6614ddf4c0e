import {
  ConditionalCheckFailedException,
  type PutItemCommandInput,
  type UpdateItemCommandInput,
} from '@aws-sdk/client-dynamodb'
import type { DynamoDB } from '../../src/dynamodb/client.ts'
import { CLOCK_GUARD_MS } from '../../src/dynamodb/event-writes.ts'
import { isExpired, textOf } from '../../src/dynamodb/items.ts'
import {
  availability,
  availableAt,
  eventKey,
  ulidOfAvailability,
  type Item,
} from '../../src/dynamodb/keys.ts'
import { inStatus } from '../../src/dynamodb/update.ts'
import { ulidOf } from '../../src/domain/event-id.ts'
import type { QueueStoreOptions } from '../../src/dynamodb/queue-store.ts'
import type { EventStore } from '../../src/domain/ports.ts'
import type { Sabotage } from './world/world.ts'

const changeUpdates =
  (change: (input: UpdateItemCommandInput) => UpdateItemCommandInput) =>
  (honest: DynamoDB): DynamoDB => ({
    ...honest,
    updateItem: (input, signal) => honest.updateItem(change(input), signal),
  })

const changePuts =
  (change: (input: PutItemCommandInput) => PutItemCommandInput) =>
  (honest: DynamoDB): DynamoDB => ({
    ...honest,
    putItem: (input, signal) => honest.putItem(change(input), signal),
  })

const isClaim = ({ ExpressionAttributeValues: values }: UpdateItemCommandInput) =>
  values?.[':new_lease_id'] !== undefined

/** A condition that always holds and names what the honest one names. */
function compareNothing(input: UpdateItemCommandInput): UpdateItemCommandInput {
  const isAnything = '(available_at = :seen OR available_at <> :seen)'
  return {
    ...input,
    ConditionExpression: input.ConditionExpression?.replace('available_at = :seen', isAnything),
  }
}

/** Stores the very end that the holder is told. */
function storeTold(input: UpdateItemCommandInput): UpdateItemCommandInput {
  const { ExpressionAttributeValues: values = {} } = input
  const stored = values[':new_available_at']?.S
  if (stored === undefined || values[':new_leased_until'] === undefined) return input
  const told = availability(availableAt(stored) - CLOCK_GUARD_MS, ulidOfAvailability(stored))
  return { ...input, ExpressionAttributeValues: { ...values, ':new_available_at': { S: told } } }
}

/** Puts over whatever is there. */
function putBlindly({ Item: item, ...input }: PutItemCommandInput): PutItemCommandInput {
  const isEvent = item?.['status'] !== undefined
  return isEvent ? { TableName: input.TableName, Item: item } : { ...input, Item: item }
}

/** The obvious way to acknowledge: read the event, change it, put it back. */
function acknowledgeByPut(store: EventStore, options: QueueStoreOptions): EventStore['acknowledge'] {
  const { dynamodb, table: TableName, clock, retentionSeconds } = options
  return async (scope, eventId, leaseId) => {
    const ulid = ulidOf(eventId)
    if (ulid === undefined) return store.acknowledge(scope, eventId, leaseId)
    const Key = eventKey(scope.tenant.name, ulid)
    const { Item: found } = await dynamodb.getItem({ TableName, Key, ConsistentRead: true }, scope.signal)
    if (!found || isExpired(found, clock())) return { outcome: 'not_found' }
    const event_type = textOf(found, 'event_type')
    if (textOf(found, 'status') === 'delivered') return { outcome: 'already_delivered', event_type }
    if (leaseId !== undefined && textOf(found, 'lease_id') !== leaseId) return { outcome: 'lease_lost' }
    const nowMs = clock()
    const Item: Item = {
      ...found,
      ...inStatus(scope.tenant.name, ulid, 'delivered'),
      delivered_at: { N: String(nowMs) },
      expires_at: { N: String(Math.floor(nowMs / 1000) + retentionSeconds) },
    }
    for (const name of ['inbox_key', 'available_at', 'lease_id', 'leased_until', 'failed_at'])
      Reflect.deleteProperty(Item, name)
    await dynamodb.putItem({ TableName, Item }, scope.signal)
    return { outcome: 'acknowledged', event_type }
  }
}

/** What was found in the way of a write never looks like an earlier try of one's own. */
function forgetOwnTries(honest: DynamoDB): DynamoDB {
  return {
    ...honest,
    updateItem: async (input, signal) => {
      try {
        return await honest.updateItem(input, signal)
      } catch (error) {
        if (error instanceof ConditionalCheckFailedException && error.Item) error.Item = strange(error.Item)
        throw error
      }
    },
  }
}

/** The same item as somebody else would have left it. */
function strange(item: Item): Item {
  const changed: Item = { ...item }
  for (const name of Object.keys(item)) if (name.startsWith('op_')) changed[name] = { S: 'of somebody else' }
  if (item['lease_id']) changed['lease_id'] = { S: 'lease_of_another' }
  if (item['available_at']) changed['available_at'] = { S: `${item['available_at'].S ?? ''}~` }
  return changed
}

const withoutExpiry = (item: Item): Item =>
  Object.fromEntries(Object.entries(item).filter(([name]) => name !== 'expires_at'))

/** What has expired looks as if it had not. */
function showExpired(honest: DynamoDB): DynamoDB {
  return {
    ...honest,
    getItem: async (input, signal) => {
      const { Item: item, ...answer } = await honest.getItem(input, signal)
      return { ...answer, ...(item && { Item: withoutExpiry(item) }) }
    },
    query: async (input, signal) => {
      const { Items: items, ...answer } = await honest.query(input, signal)
      return { ...answer, ...(items && { Items: items.map(withoutExpiry) }) }
    },
  }
}

/** Ways to make the service worse than it is. Each breaks a promise, which the rules have to notice. */
export const CONTROLS: Record<string, Sabotage> = {
  'claims compare nothing': {
    dynamodb: changeUpdates((input) => (isClaim(input) ? compareNothing(input) : input)),
  },
  'leases are stored without the guard, and clocks differ by more': {
    dynamodb: changeUpdates(storeTold),
    settings: { maxSkewMs: 2_500 },
  },
  'events are put over what is there': { dynamodb: changePuts(putBlindly) },
  'acknowledging reads and then puts': {
    stores: ({ store, ...others }, options) => ({
      ...others,
      store: { ...store, acknowledge: acknowledgeByPut(store, options) },
    }),
  },
  'own tries are not recognised': { dynamodb: forgetOwnTries, settings: { tellsFound: true } },
  'keys are forgotten': {
    stores: (honest) => ({ ...honest, idempotency: { claim: async (_scope, _key, record) => record } }),
  },
  'the bound of an inbox walk moves on': {
    stores: ({ store, ...others }, { clock }) => ({
      ...others,
      store: {
        ...store,
        inbox: (scope, query) => store.inbox(scope, { ...query, available_until: clock() }),
      },
    }),
  },
  'what has expired is shown': { dynamodb: showExpired },
  'pages that are cut short end the list': {
    dynamodb: (honest) => ({
      ...honest,
      query: async (input, signal) => {
        const answer = await honest.query(input, signal)
        delete answer.LastEvaluatedKey
        return answer
      },
    }),
  },
  'keys that are left unprocessed are left out': {
    dynamodb: (honest) => ({
      ...honest,
      batchGetItem: async (input, signal) => ({
        ...(await honest.batchGetItem(input, signal)),
        UnprocessedKeys: {},
      }),
    }),
  },
}
