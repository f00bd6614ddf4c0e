import type { AttributeValue } from '@aws-sdk/client-dynamodb'
import type { Item } from '../../../src/dynamodb/keys.ts'
import { compare, readOperand, readPath, type Operand, type Placeholders } from './operands.ts'
import { Tokens } from './tokens.ts'

export type Condition = (item: Item, placeholders: Placeholders) => boolean

const COMPARATORS: Record<string, (order: number | undefined) => boolean> = {
  '=': (order) => order === 0,
  '<>': (order) => order !== 0,
  '<': (order) => order !== undefined && order < 0,
  '<=': (order) => order !== undefined && order <= 0,
  '>': (order) => order !== undefined && order > 0,
  '>=': (order) => order !== undefined && order >= 0,
}

const compiled = new Map<string, Condition>()

/** Compiles a condition, key condition or filter. Throws on whatever is not in the subset that the service uses. */
export function compileCondition(text: string): Condition {
  const known = compiled.get(text)
  if (known) return known
  const tokens = new Tokens(text)
  const condition = readOr(tokens)
  if (!tokens.isAtEnd) tokens.fail()
  compiled.set(text, condition)
  return condition
}

function readOr(tokens: Tokens): Condition {
  const parts = [readAnd(tokens)]
  while (tokens.take('OR')) parts.push(readAnd(tokens))
  return parts.length === 1 ? parts[0]! : (item, values) => parts.some((part) => part(item, values))
}

function readAnd(tokens: Tokens): Condition {
  const parts = [readNot(tokens)]
  while (tokens.take('AND')) parts.push(readNot(tokens))
  return parts.length === 1 ? parts[0]! : (item, values) => parts.every((part) => part(item, values))
}

function readNot(tokens: Tokens): Condition {
  if (!tokens.take('NOT')) return readPrimary(tokens)
  const part = readNot(tokens)
  return (item, values) => !part(item, values)
}

function readPrimary(tokens: Tokens): Condition {
  if (tokens.take('(')) {
    const inner = readOr(tokens)
    tokens.expect(')')
    return inner
  }
  if (tokens.take('attribute_exists')) return readExists(tokens, true)
  if (tokens.take('attribute_not_exists')) return readExists(tokens, false)
  if (tokens.take('begins_with')) return readBeginsWith(tokens)
  return readComparison(tokens)
}

function readExists(tokens: Tokens, isWanted: boolean): Condition {
  tokens.expect('(')
  const path = readPath(tokens)
  tokens.expect(')')
  return (item, values) => (item[path(values)] !== undefined) === isWanted
}

function readBeginsWith(tokens: Tokens): Condition {
  tokens.expect('(')
  const path = readPath(tokens)
  tokens.expect(',')
  const prefix = readOperand(tokens)
  tokens.expect(')')
  return (item, values) => item[path(values)]?.S?.startsWith(prefix(item, values)?.S ?? '\uffff') ?? false
}

function readComparison(tokens: Tokens): Condition {
  const left = readOperand(tokens)
  if (tokens.take('BETWEEN')) return readBetween(tokens, left)
  const holds = COMPARATORS[tokens.any()] ?? tokens.fail()
  const right = readOperand(tokens)
  return (item, values) => holds(order(left(item, values), right(item, values)))
}

function readBetween(tokens: Tokens, operand: Operand): Condition {
  const from = readOperand(tokens)
  tokens.expect('AND')
  const to = readOperand(tokens)
  return (item, values) => {
    const value = operand(item, values)
    return (order(value, from(item, values)) ?? -1) >= 0 && (order(value, to(item, values)) ?? 1) <= 0
  }
}

/** An attribute that is not there is neither less than, equal to nor greater than anything. */
function order(a: AttributeValue | undefined, b: AttributeValue | undefined): number | undefined {
  return a === undefined || b === undefined ? undefined : compare(a, b)
}
