/**
 * What the floor and the plain service ask of DynamoDB, in the words of its expression language: the calls that the
 * service makes, written down once more, so that a change in src/ shows here as a difference instead of moving along.
 */

export const PUT_ONCE = {
  ConditionExpression: 'attribute_not_exists(pk)',
  ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
} as const

export const ACKNOWLEDGE = {
  UpdateExpression:
    'SET #status = :delivered, status_key = :status_key, delivered_at = :now, expires_at = :expires_at, ' +
    'event_type = event_type REMOVE inbox_key, available_at, lease_id, leased_until, failed_at',
  ConditionExpression:
    'attribute_exists(pk) AND #status <> :delivered AND (attribute_not_exists(expires_at) OR expires_at > :now_seconds)',
  ExpressionAttributeNames: { '#status': 'status' },
  ReturnValues: 'UPDATED_NEW',
  ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
} as const

export const CLAIM = {
  UpdateExpression:
    'SET #status = :undelivered, status_key = :status_key, available_at = :available_at, ' +
    'leased_until = :leased_until, lease_id = :lease_id, delivery_attempts = delivery_attempts + :one',
  ConditionExpression: 'available_at = :seen AND delivery_attempts < :max_attempts',
  ExpressionAttributeNames: { '#status': 'status' },
  ReturnValues: 'ALL_NEW',
  ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
} as const

/** The newest events of a tenant. */
export const LIST = {
  ConsistentRead: true,
  KeyConditionExpression: 'pk = :partition AND sk BETWEEN :from AND :to',
  ProjectionExpression: 'sk, event_type, #status, delivered_at, failed_at, expires_at',
  ExpressionAttributeNames: { '#status': 'status' },
  ScanIndexForward: false,
} as const

/** What of a tenant can be delivered up to a moment, oldest first. */
export const INBOX = {
  IndexName: 'InboxIndex',
  KeyConditionExpression: 'inbox_key = :partition AND available_at BETWEEN :from AND :to',
} as const

/** Events whole, but for what only writes look at. */
export const WHOLE_EVENTS = {
  ConsistentRead: true,
  ProjectionExpression:
    'sk, event_type, #status, #body, body_bytes, delivery_attempts, available_at, leased_until, last_failure_reason, ' +
    'delivered_at, failed_at',
  ExpressionAttributeNames: { '#status': 'status', '#body': 'body' },
} as const

export const RETENTION_SECONDS = 30 * 86_400
/** Beyond what the bench ever hands out. */
export const MAX_ATTEMPTS = 1_000
/** The stored lease outlasts what its holder is told by this much. */
export const CLOCK_GUARD_MS = 1_000
/** How many index rows one reading for claims brings: the most that the service reads. */
export const CANDIDATES_READ = 1_000
