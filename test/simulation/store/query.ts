import type { QueryCommandInput, QueryCommandOutput } from '@aws-sdk/client-dynamodb'
import type { Item } from '../../../src/dynamodb/keys.ts'
import { compileCondition } from './conditions.ts'
import { project } from './projection.ts'
import { placeOf, type Row } from './sorted-rows.ts'
import { ValidationException } from './tokens.ts'
import type { KeyRange } from './key-conditions.ts'

type Page = Omit<QueryCommandOutput, '$metadata'>

/** What a query looks at: rows in ascending order, and the names of all keys of the table and the index. */
export interface Source {
  rows: Row[]
  sortName: string
  keyNames: string[]
  itemKeyOf: (item: Item) => string
  range: KeyRange
}

/**
 * One page of a query.
 *
 * @param most Look at no more rows than this, as when a page has come to 1 MB; with 0 the page is empty and goes on
 *   where it began.
 */
export function readPage(input: QueryCommandInput, source: Source, most = Infinity): Page {
  const { Limit: limit = Infinity, ExclusiveStartKey: start } = input
  if (most === 0) {
    const key = start ?? keyBeforeFirst(input, source)
    if (key) return toPage(input, [], [], key)
  }
  const rows = rowsAfter(input, source)
  const looked = rows.slice(0, Math.min(limit, Math.max(1, most)))
  const isCut = looked.length === limit || looked.length < rows.length
  const last = isCut ? looked.at(-1) : undefined
  const { FilterExpression: filter } = input
  const passes = filter === undefined ? undefined : compileCondition(filter)
  const items = looked.filter(({ item }) => passes?.(item, input) ?? true).map(({ item }) => item)
  return toPage(input, looked, items, last && keyOf(last.item, source.keyNames))
}

function toPage(input: QueryCommandInput, looked: Row[], items: Item[], key: Item | undefined): Page {
  return {
    ...(input.Select === 'COUNT' ? {} : { Items: selected(input, items) }),
    Count: items.length,
    ScannedCount: looked.length,
    ...(key ? { LastEvaluatedKey: key } : {}),
  }
}

function selected(input: QueryCommandInput, items: Item[]): Item[] {
  const { Select: select } = input
  if (select !== undefined) throw new ValidationException(`Not simulated: Select ${select}`)
  return project(input, items)
}

/** The rows in the direction of the query, on from where it starts. */
function rowsAfter(input: QueryCommandInput, { rows, sortName, itemKeyOf }: Source): Row[] {
  const isForward = input.ScanIndexForward !== false
  const ordered = isForward ? rows : rows.toReversed()
  const start = input.ExclusiveStartKey
  if (!start) return ordered
  const place = placeOf(start[sortName]?.S ?? '', itemKeyOf(start))
  return ordered.filter((row) => (isForward ? row.place > place : row.place < place))
}

/** A key that stands at the very start of the range, before its first row; undefined where there is none. */
function keyBeforeFirst(
  input: QueryCommandInput,
  { rows, range, sortName, keyNames }: Source,
): Item | undefined {
  const isForward = input.ScanIndexForward !== false
  const first = isForward ? rows[0] : rows.at(-1)
  const edge = isForward ? range.from : range.to
  if (!first || first.sort === edge) return undefined
  return { ...keyOf(first.item, keyNames), [sortName]: { S: edge } }
}

function keyOf(item: Item, names: string[]): Item {
  return Object.fromEntries(names.map((name) => [name, item[name] ?? { NULL: true as const }]))
}
