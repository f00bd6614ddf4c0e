import type { Item } from './keys.ts'

/** One answer to a query of one shard. */
export interface ShardPage {
  rows: Item[]
  /** DynamoDB's `LastEvaluatedKey`: up to where the shard is read; undefined at its end. */
  continuation: Item | undefined
}

export interface ShardMergeOptions {
  shards: number
  /** Most pages that are read of each shard: what bounds the work of a request. */
  maxPages: number
  /** Reads page number `page` (from 0) of a shard, on from where the page before ended. */
  readPage: (shard: number, page: number, continuation: Item | undefined) => Promise<ShardPage>
  sortKeyOf: (item: Item) => string
  /** Whether sort key `a` comes before `b`. */
  isBefore: (a: string, b: string) => boolean
}

interface ShardState extends ShardPage {
  pages: number
  next: number
}

export interface ShardMerge {
  /**
   * @returns The next row in order; undefined at the end of all shards or of the page budget. Only a page that is still
   *   to be read makes it a promise: most rows are at hand.
   */
  next(): Item | undefined | Promise<Item | undefined>
  /** After `next` gave undefined: up to where everything has been given, null when that is everything there is. */
  readTo(): string | null
  /** Whether all rows there are have been given. */
  isAtEnd(): boolean
}

/** The key of the next row of a shard; of a dry one, the key up to which it is known to have none; null at its end. */
function headOf(
  { rows, next, continuation }: ShardState,
  sortKeyOf: ShardMergeOptions['sortKeyOf'],
): string | null {
  const row = rows[next] ?? continuation
  return row === undefined ? null : sortKeyOf(row)
}

/** @returns The shard whose head comes first, undefined when all are at their end. */
function firstShard(states: ShardState[], { sortKeyOf, isBefore }: ShardMergeOptions) {
  let first: { state: ShardState; shard: number; key: string } | undefined
  states.forEach((state, shard) => {
    const key = headOf(state, sortKeyOf)
    if (key !== null && (first === undefined || isBefore(key, first.key))) first = { state, shard, key }
  })
  return first
}

/**
 * Merges shards that are each sorted into one sequence. Pages may be short or empty and still have a continuation; only
 * the shard that ran dry is read on, and a shard that is not yet read up to a key holds back what comes after it.
 */
export function createShardMerge(options: ShardMergeOptions): ShardMerge {
  let states: ShardState[] | undefined
  let stoppedAt: string | null = null

  async function read(shard: number, last?: ShardState): Promise<ShardState> {
    const pages = last?.pages ?? 0
    return { ...(await options.readPage(shard, pages, last?.continuation)), pages: pages + 1, next: 0 }
  }

  async function readFirst(): Promise<Item | undefined> {
    states = await Promise.all(Array.from({ length: options.shards }, (_, shard) => read(shard)))
    return next()
  }

  async function readOn(shard: number, state: ShardState, among: ShardState[]): Promise<Item | undefined> {
    among[shard] = await read(shard, state)
    return next()
  }

  function next(): ReturnType<ShardMerge['next']> {
    if (!states) return readFirst()
    const first = firstShard(states, options)
    stoppedAt = first?.key ?? null
    if (!first) return undefined
    const { state, shard } = first
    const row = state.rows[state.next]
    if (row !== undefined) {
      state.next++
      return row
    }
    return state.pages >= options.maxPages ? undefined : readOn(shard, state, states)
  }

  return {
    next,
    readTo: () => stoppedAt,
    isAtEnd: () => states?.every((state) => headOf(state, options.sortKeyOf) === null) ?? false,
  }
}
