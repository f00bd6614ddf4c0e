import type { Item } from '../../../src/dynamodb/keys.ts'

/** A row with where it stands: its sort key, then the key of its item where several have the same. */
export interface Row {
  sort: string
  place: string
  item: Item
}

const SEPARATOR = '\u0000'

/** Where a row stands in its partition. */
export const placeOf = (sort: string, itemKey: string) => `${sort}${SEPARATOR}${itemKey}`

/** The rows of one partition in the order of their sort keys. */
export class SortedRows {
  readonly #rows: Row[] = []

  put(row: Row): void {
    const at = this.#find(row.place)
    this.#rows.splice(at, this.#rows[at]?.place === row.place ? 1 : 0, row)
  }

  delete(place: string): void {
    const at = this.#find(place)
    if (this.#rows[at]?.place === place) this.#rows.splice(at, 1)
  }

  get(place: string): Row | undefined {
    const row = this.#rows[this.#find(place)]
    return row?.place === place ? row : undefined
  }

  /** The rows whose sort keys are from `from` to `to`, both included. */
  range(from: string, to: string): Row[] {
    let end = this.#find(placeOf(to, ''))
    while (this.#rows[end]?.sort === to) end += 1
    return this.#rows.slice(this.#find(placeOf(from, '')), end)
  }

  all(): readonly Row[] {
    return this.#rows
  }

  /** The index of the first row that does not stand before `place`. */
  #find(place: string): number {
    let low = 0
    let high = this.#rows.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if ((this.#rows[middle]?.place ?? '') < place) low = middle + 1
      else high = middle
    }
    return low
  }
}
