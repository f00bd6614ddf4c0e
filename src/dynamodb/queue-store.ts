import { eventIdOf, ulidOf } from '../domain/event-id.ts'
import type { CallScope, Candidate, Claim, Lease, LeaseChange, QueueStore, Redrive } from '../domain/ports.ts'
import { updateEvent } from './conditional.ts'
import type { EventStoreOptions } from './event-store.ts'
import { claimRequest, extendRequest, redriveRequest, releaseRequest } from './event-writes.ts'
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
    extend: (scope, eventId, lease) => extend(options, scope, eventId, lease),
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
  const { table, clock, maxAttempts } = options
  const ulid = ulidOf(event_id)
  if (ulid === undefined) return { outcome: 'lost' }
  const target = { table, tenant: scope.tenant.name, ulid }
  const result = await updateEvent(options, scope, ulid, claimRequest(target, lease, seen, maxAttempts))
  const item = result.applied ? result.output.Attributes : result.found
  if (item === undefined) return { outcome: 'lost' }
  if (textOf(item, 'lease_id') === lease.lease_id)
    return { outcome: 'claimed', event: toEvent(item, clock()) }
  const isUsedUp = textOf(item, 'available_at') === seen && numberOf(item, 'delivery_attempts') >= maxAttempts
  if (!isUsedUp) return { outcome: 'lost' }
  // So that it stands in nobody's way.
  const isFailed = await failEvent(options, scope, { ulid, seen, nowMs: clock() })
  return { outcome: isFailed ? 'failed' : 'lost' }
}

const isMissing = (found: Item | undefined, nowMs: number) => found === undefined || isExpired(found, nowMs)

async function extend(
  options: QueueStoreOptions,
  scope: CallScope,
  eventId: string,
  lease: Lease,
): Promise<LeaseChange> {
  const ulid = ulidOf(eventId)
  if (ulid === undefined) return 'not_found'
  const request = extendRequest({ table: options.table, tenant: scope.tenant.name, ulid }, lease)
  const result = await updateEvent(options, scope, ulid, request)
  if (result.applied) return 'done'
  return isMissing(result.found, options.clock()) ? 'not_found' : 'lease_lost'
}

async function release(
  options: QueueStoreOptions,
  scope: CallScope,
  eventId: string,
  { leaseId, nowMs }: { leaseId: string; nowMs: number },
): Promise<LeaseChange> {
  const ulid = ulidOf(eventId)
  if (ulid === undefined) return 'not_found'
  const request = releaseRequest({ table: options.table, tenant: scope.tenant.name, ulid }, leaseId, nowMs)
  const result = await updateEvent(options, scope, ulid, request)
  if (result.applied) return 'done'
  if (result.found === undefined || isExpired(result.found, nowMs)) return 'not_found'
  // Free since the very time that we tried to free it: that was our own try, whose answer got lost.
  const isOurs =
    textOf(result.found, 'status') === 'undelivered' &&
    result.found['lease_id'] === undefined &&
    textOf(result.found, 'available_at') === availability(nowMs, ulid)
  return isOurs ? 'done' : 'lease_lost'
}

async function redrive(
  options: QueueStoreOptions,
  scope: CallScope,
  eventId: string,
  nowMs: number,
): Promise<Redrive> {
  const ulid = ulidOf(eventId)
  if (ulid === undefined) return { outcome: 'not_found' }
  const request = redriveRequest({ table: options.table, tenant: scope.tenant.name, ulid }, nowMs)
  const result = await updateEvent(options, scope, ulid, request)
  const item = result.applied ? result.output.Attributes : result.found
  if (item === undefined || isExpired(item, nowMs)) return { outcome: 'not_found' }
  // Redriven at the very time that we tried to: that was our own try, whose answer got lost, whatever happened since.
  const isOurs = numberOf(item, 'redriven_at') === nowMs
  return isOurs ? { outcome: 'redriven', event: toEvent(item, nowMs) } : { outcome: 'conflict' }
}
