import type { AttributeValue } from '@aws-sdk/client-dynamodb'
import type { Item } from '../../../src/dynamodb/keys.ts'
import { readOperand, readPath, type Operand, type Placeholders } from './operands.ts'
import { Tokens, ValidationException } from './tokens.ts'

/** What an update makes of an item: its attributes that change, undefined for those that go. */
export type Update = (item: Item, placeholders: Placeholders) => Map<string, AttributeValue | undefined>

type Step = (changes: Map<string, AttributeValue | undefined>, item: Item, placeholders: Placeholders) => void

const compiled = new Map<string, Update>()

/** Compiles an update expression: SET (also with +, - and if_not_exists) and REMOVE. Throws on anything else. */
export function compileUpdate(text: string): Update {
  const known = compiled.get(text)
  if (known) return known
  const tokens = new Tokens(text)
  const steps: Step[] = []
  while (!tokens.isAtEnd) {
    const readStep = tokens.take('SET') ? readSet : tokens.take('REMOVE') ? readRemove : tokens.fail()
    do steps.push(readStep(tokens))
    while (tokens.take(','))
  }
  const update: Update = (item, placeholders) => {
    const changes = new Map<string, AttributeValue | undefined>()
    for (const step of steps) step(changes, item, placeholders)
    return changes
  }
  compiled.set(text, update)
  return update
}

function readSet(tokens: Tokens): Step {
  const path = readPath(tokens)
  tokens.expect('=')
  const value = readSum(tokens)
  return (changes, item, placeholders) => {
    const name = path(placeholders)
    const set = value(item, placeholders)
    if (set === undefined) throw new ValidationException(`${name} is set to an attribute that is not there`)
    addChange(changes, name, set)
  }
}

function readSum(tokens: Tokens): Operand {
  const left = readTerm(tokens)
  const sign = tokens.take('+') ? 1 : tokens.take('-') ? -1 : 0
  if (sign === 0) return left
  const right = readTerm(tokens)
  return (item, placeholders) => {
    const [a, b] = [left(item, placeholders)?.N, right(item, placeholders)?.N]
    if (a === undefined || b === undefined) throw new ValidationException('A sum of what are no numbers')
    return { N: String(Number(a) + sign * Number(b)) }
  }
}

/** An operand, or `if_not_exists(attribute, operand)`. */
function readTerm(tokens: Tokens): Operand {
  if (!tokens.take('if_not_exists')) return readOperand(tokens)
  tokens.expect('(')
  const path = readPath(tokens)
  tokens.expect(',')
  const otherwise = readOperand(tokens)
  tokens.expect(')')
  return (item, placeholders) => item[path(placeholders)] ?? otherwise(item, placeholders)
}

function readRemove(tokens: Tokens): Step {
  const path = readPath(tokens)
  return (changes, _item, placeholders) => {
    addChange(changes, path(placeholders), undefined)
  }
}

function addChange(
  changes: Map<string, AttributeValue | undefined>,
  name: string,
  value: AttributeValue | undefined,
): void {
  if (changes.has(name)) throw new ValidationException(`${name} is changed twice`)
  changes.set(name, value)
}
