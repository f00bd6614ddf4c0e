import { createCandidates } from '../candidates.ts'
import { CANDIDATES_READ, INBOX } from '../expressions.ts'
import { inboxOf, partitionOf } from '../ids.ts'
import { connectDynamoDB } from './dynamodb.ts'
import type { Item } from './items.ts'

export const text = (value: string) => ({ S: value })
export const number = (value: number) => ({ N: String(value) })
export const keyOf = (tenant: string, ulid: string) => ({ pk: text(partitionOf(tenant)), sk: text(ulid) })

/** Up to `limit` index rows of what can be delivered now, oldest first. */
export const inboxQuery = (table: string, tenant: string, limit: number, after?: string) => ({
  TableName: table,
  ...INBOX,
  ExpressionAttributeValues: {
    ':partition': text(inboxOf(tenant)),
    ':from': text(after === undefined ? '0' : `${after}~`),
    ':to': text(`${Date.now()}~`),
  },
  Limit: limit,
})

/** The table, and what consumers of this process share. */
export function openStore(endpoint: string, table: string) {
  const { call } = connectDynamoDB(endpoint)
  /** Makes a call that must succeed. */
  const ask = async <Result>(operation: string, input: object): Promise<Result> => {
    const { status, text } = await call(operation, input)
    if (status !== 200) throw new Error(`${operation}: ${status} ${text}`)
    return JSON.parse(text) as Result
  }
  const candidates = createCandidates(async (tenant) => {
    const { Items } = await ask<{ Items: Item[] }>('Query', inboxQuery(table, tenant, CANDIDATES_READ))
    return Items.map((row) => row['available_at']?.S ?? '')
  })
  return { call, ask, table, candidates }
}
export type Store = ReturnType<typeof openStore>

export interface Answer {
  status: number
  body: string
  headers?: Record<string, string>
}

export const NOT_FOUND: Answer = {
  status: 404,
  body: '{"error":"not_found","message":"There is no such event."}',
}
