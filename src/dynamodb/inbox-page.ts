import type { CallScope, InboxReadQuery, Page } from '../domain/ports.ts'
import type { Event } from '../schemas/event.ts'
import type { EventStoreOptions } from './event-store.ts'
import { hydrate } from './hydrate.ts'
import { isOffered, numberOf, textOf, toEvent } from './items.ts'
import { ulidOfAvailability, type Item } from './keys.ts'
import { inboxRequest } from './requests.ts'
import type { ShardMerge } from './shard-merge.ts'
import { queryShards } from './shard-queries.ts'

/** A page ends at this many bytes of bodies, unless its first event alone has more. */
const MAX_PAGE_BYTES = 4 * 1024 * 1024

/** Most keys that one `BatchGetItem` takes. */
const MAX_BATCH = 100

const sortKeyOf = (row: Item) => textOf(row, 'available_at')

interface Candidates {
  rows: Item[]
  /** The index, or the page budget of the request, has no more. */
  isLast: boolean
}

/** Takes index rows in order until there are `most` of them, or enough to fill the rest of the page with bytes. */
async function takeCandidates(
  merge: ShardMerge,
  most: number,
  bytesLeft: number,
  seen: Set<string>,
): Promise<Candidates> {
  const rows: Item[] = []
  let bytes = 0
  while (rows.length < most && bytes <= bytesLeft) {
    const next = merge.next()
    const row = next instanceof Promise ? await next : next
    if (row === undefined) return { rows, isLast: true }
    const ulid = ulidOfAvailability(sortKeyOf(row))
    // An event that moves while the index is read may be met twice.
    if (seen.has(ulid)) continue
    seen.add(ulid)
    rows.push(row)
    bytes += numberOf(row, 'body_bytes')
  }
  return { rows, isLast: false }
}

/**
 * One page of the inbox: index rows in order, read again from the table and kept when they are still on offer. Index
 * rows lag, so a round may keep few; rounds go on until the page is full or the read budget is used up.
 */
export async function readInboxPage(
  options: EventStoreOptions,
  scope: CallScope,
  query: InboxReadQuery,
): Promise<Page<Event>> {
  const merge = queryShards(options, scope, {
    limit: query.limit,
    isFiltered: query.event_type !== undefined,
    toRequest: (page) => inboxRequest(options.table, scope.tenant.name, query, page),
    sortKeyOf,
    isBefore: (a, b) => a < b,
  })
  const seen = new Set<string>()
  const events: Event[] = []
  let bytes = 0
  let position: string | null = query.position ?? null
  // Rows that turn out stale are a sign of more: rounds after the first are as large as a batch may be.
  for (let most = query.limit; ; most = MAX_BATCH) {
    const { rows, isLast } = await takeCandidates(merge, most, MAX_PAGE_BYTES - bytes, seen)
    const current = await hydrate(options, scope, rows)
    // Another task's clock, which fixed the bound of the walk, may be ahead of ours.
    const now = Math.max(options.clock(), query.available_until)
    for (const row of rows) {
      if (events.length === query.limit) return { items: events, position }
      const item = current.get(ulidOfAvailability(sortKeyOf(row)))
      if (item !== undefined && isOffered(item, now)) {
        bytes += numberOf(item, 'body_bytes')
        if (bytes > MAX_PAGE_BYTES && events.length > 0) return { items: events, position }
        events.push(toEvent(item, now))
      }
      position = sortKeyOf(row)
    }
    current.clear()
    if (isLast) return { items: events, position: merge.readTo() }
    if (events.length === query.limit) return { items: events, position: merge.isAtEnd() ? null : position }
  }
}
