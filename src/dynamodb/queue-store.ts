import { eventIdOf, ulidOf } from '../domain/event-id.ts'
import type { CallScope, Candidate, Claim, Lease, LeaseChange, QueueStore, Redrive } from '../domain/ports.ts'
import { updateEvent } from './conditional.ts'
import type { EventStoreOptions } from './event-store.ts'
import { claimRequest, redriveRequest, releaseRequest } from './event-writes.ts'
import { extendLease } from './extend-lease.ts'
import { failEvent } from './fail-event.ts'
import { readFailedPage } from './failed-page.ts'
import { readInboxStats } from './inbox-stats.ts'
import { isExpired, numberOf, textOf, toEvent } from './items.ts'
import { availability, ulidOfAvailability, type Item } from './keys.ts'
import { nackEvent } from './nack.ts'
import { MAX_SHARD_PAGES } from './page-limit.ts'
import { inboxRequest } from './requests.ts'

export interface QueueStoreOptions extends EventStoreOptions {
  /** After so many hand-outs an event is given up instead of being handed out again. */
  maxAttempts: number
}

/** The verbs of a queue over the same table. Each is a conditional write that recognises its own earlier try. */
export function createQueueStore(options: QueueStoreOptions): QueueStore {
  return {
    candidateAt,
    candidates: (scope, limit, shard) => readCandidates(options, scope, limit, shard),
    claim: (scope, candidate, lease) => claim(options, scope, candidate, lease),
    extend: (scope, eventId, lease, askedAt) => extendLease(options, scope, eventId, { lease, askedAt }),
    release: (scope, eventId, leaseId, nowMs) => release(options, scope, eventId, { leaseId, nowMs }),
    nack: (scope, eventId, rejection) => nackEvent(options, scope, eventId, rejection),
    redrive: (scope, eventId, nowMs) => redrive(options, scope, eventId, nowMs),
    failed: (scope, query) => readFailedPage(options, scope, query),
    stats: (scope) => readInboxStats(options, scope),
  }
}

/** A claim is small by default, so an event of unknown size counts as one of the largest. */
const UNKNOWN_BODY_BYTES = 262_144

function candidateAt(event_id: string, availableAtMs: number): Candidate {
  return {
    event_id,
    availability: availability(availableAtMs, ulidOf(event_id) ?? ''),
    body_bytes: UNKNOWN_BODY_BYTES,
  }
}

async function readCandidates(
  { dynamodb, table, clock }: QueueStoreOptions,
  { tenant, signal }: CallScope,
  limit: number,
  onlyShard: number | undefined,
): Promise<Candidate[]> {
  const query = { limit, available_until: clock() }
  async function readShard(shard: number): Promise<Item[]> {
    const rows: Item[] = []
    let continuation: Item | undefined
    // A page may be short, even empty, and not be the last.
    for (let page = 0; page < MAX_SHARD_PAGES; page++) {
      const request = { shard, limit: limit - rows.length, continuation }
      const answer = await dynamodb.query(inboxRequest(table, tenant.name, query, request), signal)
      rows.push(...(answer.Items ?? []))
      continuation = answer.LastEvaluatedKey
      if (continuation === undefined || rows.length >= limit) break
    }
    return rows
  }
  const shards = onlyShard === undefined ? [...Array(tenant.read_shards).keys()] : [onlyShard]
  const rows = (await Promise.all(shards.map(readShard))).flat()
  return rows.map(toCandidate).sort((a, b) => (a.availability < b.availability ? -1 : 1))
}

function toCandidate(row: Item): Candidate {
  const availability = textOf(row, 'available_at')
  const event_id = eventIdOf(ulidOfAvailability(availability))
  return { event_id, availability, body_bytes: numberOf(row, 'body_bytes') }
}

async function claim(
  options: QueueStoreOptions,
  scope: CallScope,
  { event_id, availability: seen }: Candidate,
  lease: Lease,
): Promise<Claim> {
  const { clock, maxAttempts } = options
  const ulid = ulidOf(event_id)
  if (ulid === undefined) return { outcome: 'lost' }
  const result = await updateEvent(
    options,
    scope,
    ulid,
    (target) => claimRequest(target, lease, seen, maxAttempts),
    lease.lease_id,
  )
  const item = result.applied ? result.item : result.found
  if (item === undefined) return { outcome: 'lost' }
  if (textOf(item, 'lease_id') === lease.lease_id)
    return { outcome: 'claimed', event: toEvent(item, clock()) }
  const isUsedUp = textOf(item, 'available_at') === seen && numberOf(item, 'delivery_attempts') >= maxAttempts
  if (!isUsedUp) return { outcome: 'lost' }
  // So that it stands in nobody's way.
  const isFailed = await failEvent(options, scope, { ulid, seen, nowMs: clock() })
  return { outcome: isFailed ? 'failed' : 'lost' }
}

async function release(
  options: QueueStoreOptions,
  scope: CallScope,
  eventId: string,
  { leaseId, nowMs }: { leaseId: string; nowMs: number },
): Promise<LeaseChange> {
  const ulid = ulidOf(eventId)
  if (ulid === undefined) return 'not_found'
  const result = await updateEvent(options, scope, ulid, (target) => releaseRequest(target, leaseId, nowMs))
  if (result.applied) return 'done'
  return result.found === undefined || isExpired(result.found, nowMs) ? 'not_found' : 'lease_lost'
}

async function redrive(
  options: QueueStoreOptions,
  scope: CallScope,
  eventId: string,
  nowMs: number,
): Promise<Redrive> {
  const ulid = ulidOf(eventId)
  if (ulid === undefined) return { outcome: 'not_found' }
  const result = await updateEvent(options, scope, ulid, (target) => redriveRequest(target, nowMs))
  if (result.applied) return { outcome: 'redriven', event: toEvent(result.item, nowMs) }
  const isMissing = result.found === undefined || isExpired(result.found, nowMs)
  return { outcome: isMissing ? 'not_found' : 'conflict' }
}
