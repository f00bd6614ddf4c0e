/** Most query pages that one request reads of one shard. */
export const MAX_SHARD_PAGES = 4

/** How much more each page looks at while a filter leaves little over. */
const FILTER_GROWTH = 4
const MAX_ROWS = 2_000

/**
 * Rows to look at first in each shard: its part of the page and some to spare. The one row more than needed tells
 * whether the page is the last.
 */
export function firstPageLimit(limit: number, shards: number): number {
  return shards === 1 ? limit + 1 : Math.min(limit + 1, Math.ceil(limit / shards) + 3)
}

/**
 * Rows to look at in page number `page` (from 0) of a shard. DynamoDB counts rows before it filters: a dense filter is
 * served by the first page, a sparse one by pages that grow.
 */
export function pageLimit(first: number, page: number, isFiltered: boolean): number {
  return isFiltered ? Math.min(first * FILTER_GROWTH ** page, MAX_ROWS) : first
}
