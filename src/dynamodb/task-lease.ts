import { ConditionalCheckFailedException, type UpdateItemCommandInput } from '@aws-sdk/client-dynamodb'
import type { Clock } from '../domain/clock.ts'
import type { DynamoDB } from './client.ts'
import type { Item } from './keys.ts'

export interface TaskLeaseOptions {
  dynamodb: DynamoDB
  table: string
  clock: Clock
  /** What the lease is for. */
  name: string
  /** Who is asking: an id that no other task has. */
  holder: string
  durationMs: number
  timeoutMs: number
}

export const leaseKey = (name: string): Item => ({ pk: { S: `lease#${name}` }, sk: { S: '-' } })

/** Takes the lease where it is free, has lapsed or is the holder's own. */
export function holdLeaseRequest(
  table: string,
  name: string,
  { holder, nowMs, untilMs }: { holder: string; nowMs: number; untilMs: number },
): UpdateItemCommandInput {
  return {
    TableName: table,
    Key: leaseKey(name),
    UpdateExpression: 'SET holder = :holder, held_until = :until',
    ConditionExpression: 'attribute_not_exists(pk) OR holder = :holder OR held_until <= :now',
    ExpressionAttributeValues: {
      ':holder': { S: holder },
      ':until': { N: String(untilMs) },
      ':now': { N: String(nowMs) },
    },
  }
}

/** Ends the lease where it is still the holder's. */
export function releaseLeaseRequest(table: string, name: string, holder: string): UpdateItemCommandInput {
  return {
    TableName: table,
    Key: leaseKey(name),
    UpdateExpression: 'SET held_until = :none',
    ConditionExpression: 'holder = :holder',
    ExpressionAttributeValues: { ':holder': { S: holder }, ':none': { N: '0' } },
  }
}

/**
 * An item that names one of all tasks. Clocks that differ may give it to two for a moment: it is for work that does no
 * harm when it is done twice.
 */
export function createTaskLease({
  dynamodb,
  table,
  clock,
  name,
  holder,
  durationMs,
  timeoutMs,
}: TaskLeaseOptions) {
  async function update(request: UpdateItemCommandInput): Promise<boolean> {
    try {
      await dynamodb.updateItem(request, AbortSignal.timeout(timeoutMs))
      return true
    } catch (error) {
      if (error instanceof ConditionalCheckFailedException) return false
      throw error
    }
  }
  return {
    hold: () => {
      const nowMs = clock()
      return update(holdLeaseRequest(table, name, { holder, nowMs, untilMs: nowMs + durationMs }))
    },
    release: async () => {
      await update(releaseLeaseRequest(table, name, holder))
    },
  }
}
