import type { Item } from '../../../src/dynamodb/keys.ts'
import { readPath, type Placeholders } from './operands.ts'
import { Tokens } from './tokens.ts'

/** What says which attributes a read gives. */
export interface Projected extends Placeholders {
  ProjectionExpression?: string | undefined
}

const projections = new Map<string, ((input: Placeholders) => string)[]>()

/** @returns The items with the attributes that are asked for; whole where nothing says which. */
export function project(input: Projected, items: Item[]): Item[] {
  const { ProjectionExpression: text } = input
  if (text === undefined) return items
  const names = (projections.get(text) ?? compile(text)).map((path) => path(input))
  return items.map((item) =>
    Object.fromEntries(names.flatMap((name) => (item[name] === undefined ? [] : [[name, item[name]]]))),
  )
}

function compile(text: string) {
  const tokens = new Tokens(text)
  const paths = [readPath(tokens)]
  while (tokens.take(',')) paths.push(readPath(tokens))
  if (!tokens.isAtEnd) tokens.fail()
  projections.set(text, paths)
  return paths
}
