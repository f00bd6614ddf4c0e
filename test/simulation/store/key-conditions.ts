import { Tokens, ValidationException } from './tokens.ts'
import { readPath, readValue, type Path, type Placeholders, type Value } from './operands.ts'

/** Which rows of which partition a query is after; both bounds belong to them. */
export interface KeyRange {
  partition: string
  from: string
  to: string
}

interface KeyCondition {
  hash: Path
  partition: Value
  range?: { name: Path; from: Value; to: Value }
}

/** Above every key: the bounds of a query that names none. */
const TOP = '\uffff'

const compiled = new Map<string, KeyCondition>()

function compileKeyCondition(text: string): KeyCondition {
  const known = compiled.get(text)
  if (known) return known
  const tokens = new Tokens(text)
  const hash = readPath(tokens)
  tokens.expect('=')
  const condition: KeyCondition = { hash, partition: readValue(tokens) }
  if (tokens.take('AND')) {
    const name = readPath(tokens)
    tokens.expect('BETWEEN')
    const from = readValue(tokens)
    tokens.expect('AND')
    condition.range = { name, from, to: readValue(tokens) }
  }
  if (!tokens.isAtEnd) tokens.fail()
  compiled.set(text, condition)
  return condition
}

/** Reads `hash = :value [AND range BETWEEN :from AND :to]` for a table or index with these keys. */
export function readKeyRange(
  text: string,
  [hashName, rangeName]: [string, string],
  values: Placeholders,
): KeyRange {
  const { hash, partition, range } = compileKeyCondition(text)
  if (hash(values) !== hashName || (range && range.name(values) !== rangeName))
    throw new ValidationException(`Query key condition not supported: ${text}`)
  const textOf = (value: Value) => {
    const { S: found } = value(values)
    if (found === undefined || found === '') throw new ValidationException('A key that is no text')
    return found
  }
  const bounds = range ? { from: textOf(range.from), to: textOf(range.to) } : { from: '', to: TOP }
  if (bounds.from > bounds.to) throw new ValidationException('The BETWEEN operator requires from <= to')
  return { partition: textOf(partition), ...bounds }
}
