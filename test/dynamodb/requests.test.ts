import t from 'tap'
import { createEventIds, ulidOf } from '../../src/domain/event-id.ts'
import {
  availability,
  availableAt,
  endOf,
  justAfter,
  justBefore,
  ulidOfAvailability,
} from '../../src/dynamodb/keys.ts'
import { acknowledgeRequest } from '../../src/dynamodb/event-writes.ts'
import {
  getEventRequest,
  hydrateRequest,
  inboxRequest,
  listRequest,
  putEventRequest,
} from '../../src/dynamodb/requests.ts'
import { firstPageLimit, pageLimit } from '../../src/dynamodb/page-limit.ts'

const ulid =
  ulidOf(
    createEventIds(
      () => 1_469_918_176_385,
      () => new Uint8Array(15),
    )(2),
  ) ?? ''
const key = { pk: { S: 'e#acme#2' }, sk: { S: '01aryz6s410000000000000002' } }
const target = { table: 'events', tenant: 'acme', ulid, operation: 'op' }
const page = { shard: 2, limit: 10, continuation: undefined }

t.test('bounds of keys', async (t) => {
  t.ok(justBefore(ulid) < ulid && justBefore(ulid) > '01aryz6s410000000000000001')
  t.ok(justAfter(ulid) > ulid && justAfter(ulid) < '01aryz6s410000000000000003')
  t.ok(endOf('1469918176385') > availability(1_469_918_176_385, 'z'.repeat(26)))
  t.equal(availability(5, ulid), `0000000000005#${ulid}`)
  t.equal(availableAt(availability(5, ulid)), 5)
  t.equal(ulidOfAvailability(availability(5, ulid)), ulid)
})

t.test('every write has a condition, and every read of an event is consistent', async (t) => {
  t.strictSame(putEventRequest('events', key), {
    TableName: 'events',
    Item: key,
    ConditionExpression: 'attribute_not_exists(pk)',
    ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
  })
  t.strictSame(getEventRequest('events', 'acme', ulid), {
    TableName: 'events',
    Key: key,
    ConsistentRead: true,
  })
  t.strictSame(hydrateRequest('events', [key]), {
    RequestItems: {
      events: {
        Keys: [key],
        ConsistentRead: true,
        ProjectionExpression:
          'sk, event_type, #status, #body, body_bytes, delivery_attempts, available_at, leased_until, ' +
          'last_failure_reason, delivered_at, failed_at',
        ExpressionAttributeNames: { '#status': 'status', '#body': 'body' },
      },
    },
  })
  t.strictSame(acknowledgeRequest(target, { nowMs: 1_999, expiresAt: 9 }), {
    TableName: 'events',
    Key: key,
    UpdateExpression:
      'SET #status = :new_status, status_key = :new_status_key, delivered_at = :new_delivered_at, ' +
      'expires_at = :new_expires_at, event_type = event_type, final_op = :operation ' +
      'REMOVE inbox_key, available_at, lease_id, leased_until, extend_order, failed_at',
    ConditionExpression:
      'attribute_exists(pk) AND #status <> :delivered AND (attribute_not_exists(expires_at) OR expires_at > :now_seconds) ' +
      'AND NOT (op_1 = :operation OR op_2 = :operation OR op_3 = :operation OR op_4 = :operation)',
    ExpressionAttributeNames: { '#status': 'status' },
    ExpressionAttributeValues: {
      ':new_status': { S: 'delivered' },
      ':new_status_key': { S: 'acme#2#delivered' },
      ':new_delivered_at': { N: '1999' },
      ':new_expires_at': { N: '9' },
      ':delivered': { S: 'delivered' },
      ':now_seconds': { N: '1' },
      ':operation': { S: 'op' },
    },
    ReturnValues: 'UPDATED_NEW',
    ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
  })
  const held = acknowledgeRequest(target, { nowMs: 1_999, expiresAt: 9, leaseId: 'l' })
  t.match(held.ConditionExpression, / AND \(attribute_not_exists\(lease_id\) OR lease_id = :lease_id\) AND /)
})

t.test('a list reads the rows consistently, or the index of its status', async (t) => {
  const plain = listRequest('events', 'acme', { limit: 5 }, page)
  t.match(plain, { ConsistentRead: true, ScanIndexForward: false, Limit: 10 })
  t.notOk('IndexName' in plain || 'FilterExpression' in plain || 'ExclusiveStartKey' in plain)
  t.strictSame(plain.ExpressionAttributeValues, {
    ':partition': { S: 'e#acme#2' },
    ':from': { S: '0000000000' },
    ':to': { S: '~' },
  })
  const query = {
    limit: 5,
    status: 'failed',
    event_type: 'a',
    created_after: 1_469_918_176_385,
    position: ulid,
  } as const
  const filtered = listRequest('events', 'acme', query, { ...page, continuation: key })
  t.match(filtered, {
    IndexName: 'StatusIndex',
    FilterExpression: 'event_type = :event_type',
    ExclusiveStartKey: key,
  })
  t.notOk('ConsistentRead' in filtered)
  t.strictSame(filtered.ExpressionAttributeValues, {
    ':partition': { S: 'acme#2#failed' },
    ':from': { S: '01aryz6s41' },
    ':to': { S: '01aryz6s410000000000000001~' },
    ':event_type': { S: 'a' },
  })
})

t.test('the inbox reads from its position up to its bound', async (t) => {
  const request = inboxRequest('events', 'acme', { limit: 5, available_until: 1_469_918_176_385 }, page)
  t.match(request, { IndexName: 'InboxIndex', Limit: 10 })
  t.strictSame(request.ExpressionAttributeValues, {
    ':partition': { S: 'acme#2' },
    ':from': { S: '0' },
    ':to': { S: '1469918176385~' },
  })
  const position = availability(7, ulid)
  const later = inboxRequest(
    'events',
    'acme',
    { limit: 5, available_until: 9, position },
    { ...page, continuation: key },
  )
  t.match(later, { ExclusiveStartKey: key, ExpressionAttributeValues: { ':from': { S: `${position}~` } } })
})

t.test('pages look at what is wanted, and at more while a filter leaves little over', async (t) => {
  t.equal(firstPageLimit(50, 1), 51)
  t.equal(firstPageLimit(50, 4), 16)
  t.equal(firstPageLimit(1, 32), 2)
  t.strictSame(
    [0, 1, 2, 3].map((n) => pageLimit(51, n, false)),
    [51, 51, 51, 51],
  )
  t.strictSame(
    [0, 1, 2, 3].map((n) => pageLimit(51, n, true)),
    [51, 204, 816, 2000],
  )
})
