import type { IncomingHttpHeaders, IncomingMessage, OutgoingHttpHeaders } from 'node:http'
import { json } from 'node:stream/consumers'

/** An item or a key in DynamoDB's JSON: `{ pk: { S: 'a' } }`. */
export type Attributes = Record<string, Record<string, unknown>>

/** The members of DynamoDB's requests and answers that the faults read or change; others pass through. */
export interface Input {
  TableName?: string
  IndexName?: string
  Key?: Attributes
  Item?: Attributes
  KeyConditionExpression?: string
  ExpressionAttributeNames?: Record<string, string>
  ExpressionAttributeValues?: Attributes
  ExclusiveStartKey?: Attributes
  ScanIndexForward?: boolean
  Limit?: number
  RequestItems?: Record<string, { Keys: Attributes[] }>
  [other: string]: unknown
}

/** One call of DynamoDB's HTTP API. The signature in its headers no longer fits a changed input: emulators do not look. */
export interface Call {
  /** As in `x-amz-target`: `PutItem`. */
  operation: string
  headers: IncomingHttpHeaders
  input: Input
}

export interface Answer {
  status: number
  headers: OutgoingHttpHeaders
  body: string
}

/** Sends a call to the store. */
export type Send = (call: Call) => Promise<Answer>

/** Another call on behalf of the same client. */
export function callLike(call: Call, operation: string, input: Input): Call {
  return { operation, headers: call.headers, input }
}

/** @throws SyntaxError if the body is not JSON. */
export async function readCall(request: IncomingMessage): Promise<Call> {
  const target = String(request.headers['x-amz-target'])
  const input = (await json(request)) as Input
  return { operation: target.slice(target.indexOf('.') + 1), headers: request.headers, input }
}

/** An answer of the proxy's own making: without `x-amz-crc32`, which clients check only if it is there. */
export function jsonAnswer(status: number, body: unknown): Answer {
  return { status, headers: { 'content-type': 'application/x-amz-json-1.0' }, body: JSON.stringify(body) }
}

/** An error in DynamoDB's form; clients tell it by its name. */
export function errorAnswer(status: number, name: string, message: string): Answer {
  return jsonAnswer(status, { __type: `com.amazonaws.dynamodb.v20120810#${name}`, message })
}

export function isOk(answer: Answer): boolean {
  return answer.status === 200
}
