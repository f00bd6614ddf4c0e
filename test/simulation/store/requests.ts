import type { Placeholders } from './operands.ts'
import { ValidationException } from './tokens.ts'

/** What requests may say: whatever else the service begins to say has to be simulated first. */
const MEMBERS = {
  getItem: ['TableName', 'Key', 'ConsistentRead'],
  batchGetItem: ['RequestItems'],
  // What a batch asks of one table.
  keysAndAttributes: ['Keys', 'ConsistentRead', 'ProjectionExpression', 'ExpressionAttributeNames'],
  query: [
    'TableName',
    'IndexName',
    'ConsistentRead',
    'KeyConditionExpression',
    'FilterExpression',
    'ProjectionExpression',
    'ExpressionAttributeNames',
    'ExpressionAttributeValues',
    'ScanIndexForward',
    'Limit',
    'Select',
    'ExclusiveStartKey',
  ],
  putItem: [
    'TableName',
    'Item',
    'ConditionExpression',
    'ExpressionAttributeNames',
    'ExpressionAttributeValues',
    'ReturnValuesOnConditionCheckFailure',
  ],
  updateItem: [
    'TableName',
    'Key',
    'UpdateExpression',
    'ConditionExpression',
    'ExpressionAttributeNames',
    'ExpressionAttributeValues',
    'ReturnValues',
    'ReturnValuesOnConditionCheckFailure',
  ],
} as const

export type Operation = keyof typeof MEMBERS

/** Refuses a request that says anything that is not simulated. */
export function checkMembers(operation: Operation, input: object): void {
  const known: readonly string[] = MEMBERS[operation]
  for (const member of Object.keys(input))
    if (!known.includes(member)) throw new ValidationException(`Not simulated: ${member} of ${operation}`)
}

const PLACEHOLDER = /[#:]\w+/g
const placeholders = new Map<string, string[]>()

function placeholdersOf(expression: string): string[] {
  const known = placeholders.get(expression) ?? expression.match(PLACEHOLDER) ?? []
  placeholders.set(expression, known)
  return known
}

/** DynamoDB refuses names and values that no expression uses. */
export function checkPlaceholders(input: Placeholders, ...expressions: (string | undefined)[]): void {
  const given = [
    ...Object.keys(input.ExpressionAttributeNames ?? {}),
    ...Object.keys(input.ExpressionAttributeValues ?? {}),
  ]
  const used = expressions.flatMap((expression = '') => placeholdersOf(expression))
  for (const name of given)
    if (!used.includes(name)) throw new ValidationException(`Value unused in expressions: ${name}`)
}
