import { tableDefinition } from '../../../src/dynamodb/table.ts'
import type { Item } from '../../../src/dynamodb/keys.ts'
import { placeOf, SortedRows, type Row } from './sorted-rows.ts'

type Definition = ReturnType<typeof tableDefinition>['GlobalSecondaryIndexes'][number]

interface Shown {
  partition: string
  row: Row
}

interface Change {
  due: number
  itemKey: string
  shown: Shown | undefined
}

/** The names of the partition and of the sort key. */
export function keyNames({ KeySchema }: Pick<Definition, 'KeySchema'>): [string, string] {
  const [hash, range] = KeySchema.map(({ AttributeName }) => AttributeName)
  return [hash ?? '', range ?? '']
}

/** An index that shows each write of the table after a time. Writes of one item are shown in their order. */
export class LaggingIndex {
  readonly keys: [string, string]
  readonly #projected: string[]
  readonly #partitions = new Map<string, SortedRows>()
  readonly #shown = new Map<string, Shown>()
  readonly #lastDue = new Map<string, number>()
  /** In the order in which they are due. */
  #changes: Change[] = []

  constructor(definition: Definition, tableKeys: [string, string]) {
    this.keys = keyNames(definition)
    this.#projected = [...new Set([...tableKeys, ...this.keys, ...definition.Projection.NonKeyAttributes])]
  }

  /** Takes over what an item is now; undefined when it is gone. Shown from `due` on. */
  write(itemKey: string, item: Item | undefined, due: number): void {
    const inOrder = Math.max(due, this.#lastDue.get(itemKey) ?? due)
    this.#lastDue.set(itemKey, inOrder)
    const change = { due: inOrder, itemKey, shown: item && this.#project(itemKey, item) }
    let at = this.#changes.length
    while (at > 0 && (this.#changes[at - 1]?.due ?? 0) > inOrder) at -= 1
    this.#changes.splice(at, 0, change)
  }

  /** The rows of a partition, as the index shows them at that time. */
  rows(partition: string, now: number): SortedRows {
    let applied = 0
    for (const change of this.#changes) {
      if (change.due > now) break
      this.#apply(change)
      applied += 1
    }
    if (applied > 0) this.#changes = this.#changes.slice(applied)
    return this.#partition(partition)
  }

  #apply({ itemKey, shown }: Change): void {
    const old = this.#shown.get(itemKey)
    if (old) this.#partition(old.partition).delete(old.row.place)
    if (shown) {
      this.#partition(shown.partition).put(shown.row)
      this.#shown.set(itemKey, shown)
    } else this.#shown.delete(itemKey)
  }

  #partition(name: string): SortedRows {
    const known = this.#partitions.get(name) ?? new SortedRows()
    this.#partitions.set(name, known)
    return known
  }

  /** Sparse: an item without a key of the index has no row. */
  #project(itemKey: string, item: Item): Shown | undefined {
    const [partition, sort] = this.keys.map((name) => item[name]?.S)
    if (partition === undefined || sort === undefined) return undefined
    const row: Item = {}
    for (const name of this.#projected) if (item[name] !== undefined) row[name] = item[name]
    return { partition, row: { sort, place: placeOf(sort, itemKey), item: row } }
  }
}
