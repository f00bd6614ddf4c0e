import type { AttributeValue } from '@aws-sdk/client-dynamodb'
import type { Item } from '../../../src/dynamodb/keys.ts'
import { ValidationException, type Tokens } from './tokens.ts'

/** What stands behind the placeholders of a request. */
export interface Placeholders {
  ExpressionAttributeNames?: Record<string, string> | undefined
  ExpressionAttributeValues?: Record<string, AttributeValue> | undefined
}

/** The name of an attribute at the top of the item. */
export type Path = (placeholders: Placeholders) => string
/** A value that the request brings. */
export type Value = (placeholders: Placeholders) => AttributeValue
/** A value of the request, or of the item. */
export type Operand = (item: Item, placeholders: Placeholders) => AttributeValue | undefined

const NAME = /^[A-Za-z_]\w*$/

export function readPath(tokens: Tokens): Path {
  const token = tokens.any()
  if (NAME.test(token)) return () => token
  if (!token.startsWith('#')) return tokens.fail()
  return ({ ExpressionAttributeNames: names }) => {
    const name = names?.[token]
    if (name === undefined) throw new ValidationException(`No name for ${token}`)
    return name
  }
}

export function readValue(tokens: Tokens): Value {
  const token = tokens.any()
  if (!token.startsWith(':')) return tokens.fail()
  return ({ ExpressionAttributeValues: values }) => {
    const value = values?.[token]
    if (value === undefined) throw new ValidationException(`No value for ${token}`)
    return value
  }
}

export function readOperand(tokens: Tokens): Operand {
  if (tokens.isAtValue) {
    const value = readValue(tokens)
    return (_item, placeholders) => value(placeholders)
  }
  const path = readPath(tokens)
  return (item, placeholders) => item[path(placeholders)]
}

const typeOf = (value: AttributeValue) => Object.keys(value)[0] ?? ''

/**
 * Texts compare by code units, which for the ASCII of all keys is DynamoDB's order of UTF-8 bytes.
 *
 * @returns Below 0, 0 or above 0 as `a` is less than, equal to or greater than `b`; undefined for different types.
 */
export function compare(a: AttributeValue, b: AttributeValue): number | undefined {
  if (a.S !== undefined && b.S !== undefined) return a.S === b.S ? 0 : a.S < b.S ? -1 : 1
  if (a.N !== undefined && b.N !== undefined) return Number(a.N) - Number(b.N)
  if (typeOf(a) !== typeOf(b)) return undefined
  throw new ValidationException(`Not simulated: values of type ${typeOf(a)} in an expression`)
}
