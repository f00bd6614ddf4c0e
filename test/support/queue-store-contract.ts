import type { Test } from 'tap'
import { toTimestamp } from '../../src/domain/clock.ts'
import type { Candidate, Lease } from '../../src/domain/ports.ts'
import { createMany, draftOf, MAX_ATTEMPTS, newTenant, scopeOf, walk, type TestTable } from './table.ts'

let leases = 0
const newLease = ({ clock }: TestTable, seconds = 30): Lease => ({
  lease_id: `lease_${String(leases++)}`,
  expires_at: clock.now() + seconds * 1000,
})

let extensions = 0
/** Extends as what is asked for after everything before. */
const extend = ({ queue }: TestTable, scope: Scope, id: string, lease: Lease) =>
  queue.extend(scope, id, lease, ++extensions)

/** What every implementation of the port QueueStore does, whatever it stands on. */
export function testQueueStore(t: Test, table: TestTable): void {
  testClaiming(t, table)
  testHolding(t, table)
  testRejecting(t, table)
  testRedriving(t, table)
  testStats(t, table)
}

const scopeOfNew = (shards = 1) => scopeOf(newTenant(shards))
type Scope = ReturnType<typeof scopeOfNew>

/** The only event that can be claimed. */
async function onlyCandidate({ queue }: TestTable, scope: Scope): Promise<Candidate> {
  const [candidate] = await queue.candidates(scope, 10)
  if (!candidate) throw new Error('Nothing can be claimed')
  return candidate
}

async function claimOnly(table: TestTable, scope: Scope, lease = newLease(table)) {
  const claim = await table.queue.claim(scope, await onlyCandidate(table, scope), lease)
  return { claim, lease }
}

function testClaiming(t: Test, table: TestTable): void {
  const { queue, store, clock } = table

  t.test('candidates are what can be claimed now, oldest first, over all shards or one', async (t) => {
    const scope = scopeOfNew(3)
    const ids = await createMany(table, scope.tenant, 9)
    await store.create(scope, draftOf(table, { deliver_at: clock.now() + 60_000 }))
    const idsOf = (found: Candidate[]) => found.map(({ event_id }) => event_id)
    t.strictSame(idsOf(await queue.candidates(scope, 20)), ids)
    t.strictSame(
      idsOf(await queue.candidates(scope, 20, 1)),
      ids.filter((_, n) => n % 3 === 1),
    )
    t.equal((await queue.candidates(scope, 2)).length, 6, 'two of each shard')
  })

  t.test('a claim hands the event out once, until a second after what its holder is told', async (t) => {
    const scope = scopeOfNew()
    const [id = ''] = await createMany(table, scope.tenant, 1)
    const candidate = await onlyCandidate(table, scope)
    t.strictSame(
      queue.candidateAt(id, Number(candidate.availability.slice(0, 13))).availability,
      candidate.availability,
    )
    const lease = newLease(table)
    const claim = await queue.claim(scope, candidate, lease)
    t.match(claim, {
      outcome: 'claimed',
      event: {
        event_id: id,
        status: 'undelivered',
        delivery_attempts: 1,
        lease_expires_at: toTimestamp(lease.expires_at),
        available_at: toTimestamp(lease.expires_at + 1_000),
      },
    })
    t.strictSame(await queue.claim(scope, candidate, newLease(table)), { outcome: 'lost' })
    t.strictSame(await queue.candidates(scope, 10), [])
    t.strictSame((await store.inbox(scope, { limit: 10, available_until: clock.now() })).items, [])
    t.match(await queue.claim(scope, candidate, lease), claim, 'its own earlier try is recognised')
  })

  t.test('of many claims of one event one wins', async (t) => {
    const scope = scopeOfNew()
    await createMany(table, scope.tenant, 1)
    const candidate = await onlyCandidate(table, scope)
    const claims = await Promise.all(
      Array.from({ length: 20 }, () => queue.claim(scope, candidate, newLease(table))),
    )
    t.equal(claims.filter(({ outcome }) => outcome === 'claimed').length, 1)
    t.equal(claims.filter(({ outcome }) => outcome === 'lost').length, 19)
  })

  t.test('a lapsed lease needs nobody to write; used-up attempts make it fail', async (t) => {
    const scope = scopeOfNew()
    const [id = ''] = await createMany(table, scope.tenant, 1)
    for (let attempt = 1; attempt <= MAX_ATTEMPTS; attempt++) {
      const { claim } = await claimOnly(table, scope)
      t.match(claim, { outcome: 'claimed', event: { delivery_attempts: attempt } })
      clock.advance(30_500)
      t.match(await store.get(scope, id), { status: 'undelivered', lease_expires_at: null })
      t.strictSame(await queue.candidates(scope, 10), [], 'the guard of a second still holds')
      clock.advance(501)
    }
    t.strictSame((await claimOnly(table, scope)).claim, { outcome: 'failed' })
    t.match(await store.get(scope, id), { status: 'failed', available_at: null, failed_at: /Z$/ })
    t.match((await store.list(scope, { limit: 5, status: 'failed' })).items, [
      { event_id: id, failed_at: /Z$/ },
    ])
  })

  t.test('what was acknowledged or never was cannot be claimed', async (t) => {
    const scope = scopeOfNew()
    const [id = ''] = await createMany(table, scope.tenant, 1)
    const candidate = await onlyCandidate(table, scope)
    await store.acknowledge(scope, id)
    t.strictSame(await queue.claim(scope, candidate, newLease(table)), { outcome: 'lost' })
    const none = { ...candidate, event_id: table.newEventId(0) }
    t.strictSame(await queue.claim(scope, none, newLease(table)), { outcome: 'lost' })
    t.strictSame(await queue.claim(scope, { ...candidate, event_id: 'evt_1' }, newLease(table)), {
      outcome: 'lost',
    })
  })
}

function testHolding(t: Test, table: TestTable): void {
  const { queue, store, clock } = table

  t.test('only the holder extends and releases, also after its lease lapsed', async (t) => {
    const scope = scopeOfNew()
    const [id = ''] = await createMany(table, scope.tenant, 1)
    const { lease } = await claimOnly(table, scope)
    const longer = { ...lease, expires_at: lease.expires_at + 60_000 }
    t.equal(await extend(table, scope, id, { ...longer, lease_id: 'another' }), 'lease_lost')
    t.equal(await extend(table, scope, id, longer), 'done')
    t.match(await store.get(scope, id), {
      lease_expires_at: toTimestamp(longer.expires_at),
      delivery_attempts: 1,
    })
    clock.advance(120_000)
    t.equal(await extend(table, scope, id, { ...lease, expires_at: clock.now() + 5_000 }), 'done')
    const nowMs = clock.now()
    t.equal(await queue.release(scope, id, 'another', nowMs), 'lease_lost')
    t.equal(await queue.release(scope, id, lease.lease_id, nowMs), 'done')
    t.equal(await queue.release(scope, id, lease.lease_id, nowMs), 'lease_lost')
    t.match(await store.get(scope, id), {
      status: 'undelivered',
      lease_expires_at: null,
      available_at: toTimestamp(nowMs),
    })
    t.match(
      (await claimOnly(table, scope)).claim,
      { event: { delivery_attempts: 2 } },
      'the attempt is not refunded',
    )
  })

  t.test('a lease that was overtaken is lost', async (t) => {
    const scope = scopeOfNew()
    const [id = ''] = await createMany(table, scope.tenant, 1)
    const first = (await claimOnly(table, scope)).lease
    clock.advance(31_001)
    const second = (await claimOnly(table, scope)).lease
    t.equal(await extend(table, scope, id, first), 'lease_lost')
    t.equal(await queue.release(scope, id, first.lease_id, clock.now()), 'lease_lost')
    t.strictSame(await store.acknowledge(scope, id, first.lease_id), { outcome: 'lease_lost' })
    t.match(await store.acknowledge(scope, id, second.lease_id), { outcome: 'acknowledged' })
    t.match(await store.acknowledge(scope, id, first.lease_id), { outcome: 'already_delivered' })
    t.equal(await extend(table, scope, id, second), 'lease_lost')
  })

  t.test('without a lease anybody acknowledges; with a lapsed one its holder does', async (t) => {
    const scope = scopeOfNew()
    const [first = ''] = await createMany(table, scope.tenant, 1)
    const { lease } = await claimOnly(table, scope)
    clock.advance(60_000)
    t.match(await store.acknowledge(scope, first, lease.lease_id), { outcome: 'acknowledged' })
    const [second = ''] = await createMany(table, scope.tenant, 1)
    await claimOnly(table, scope)
    t.match(await store.acknowledge(scope, second), { outcome: 'acknowledged' })
    const [third = ''] = await createMany(table, scope.tenant, 1)
    t.match(await store.acknowledge(scope, third, 'any'), { outcome: 'acknowledged' }, 'nobody holds it')
  })

  t.test('what does not exist is not found', async (t) => {
    const scope = scopeOfNew()
    const lease = newLease(table)
    for (const id of [table.newEventId(0), 'evt_1']) {
      t.equal(await extend(table, scope, id, lease), 'not_found')
      t.equal(await queue.release(scope, id, lease.lease_id, clock.now()), 'not_found')
      t.strictSame(await queue.redrive(scope, id, clock.now()), { outcome: 'not_found' })
      const rejection = { lease_id: undefined, delayMs: () => 0, reason: undefined, permanent: false }
      t.match(await queue.nack(scope, id, rejection), { outcome: 'not_found' })
    }
  })
}

function testRejecting(t: Test, table: TestTable): void {
  const { queue, store, clock } = table
  const rejection = { lease_id: undefined, delayMs: () => 60_000, reason: undefined, permanent: false }

  t.test('a rejected event comes again after its delay, with its reason', async (t) => {
    const scope = scopeOfNew()
    const [id = ''] = await createMany(table, scope.tenant, 1)
    const { lease } = await claimOnly(table, scope)
    t.match(await queue.nack(scope, id, rejection), { outcome: 'conflict' }, 'somebody holds it')
    t.match(await queue.nack(scope, id, { ...rejection, lease_id: 'another' }), { outcome: 'lease_lost' })
    const delayMs = (attempts: number) => attempts * 10_000
    const mine = { ...rejection, lease_id: lease.lease_id, delayMs, reason: 'no luck' }
    t.match(await queue.nack(scope, id, mine), { outcome: 'delayed' })
    t.match(await store.get(scope, id), {
      status: 'undelivered',
      lease_expires_at: null,
      last_failure_reason: 'no luck',
    })
    t.strictSame(await queue.candidates(scope, 10), [])
    clock.advance(10_001)
    t.equal((await queue.candidates(scope, 10)).length, 1)
    t.match(await queue.nack(scope, id, mine), { outcome: 'lease_lost' }, 'the lease is gone')
  })

  t.test(
    'an event that nobody holds can be rejected without a lease, also while it is delayed',
    async (t) => {
      const scope = scopeOfNew()
      const [id = ''] = await createMany(table, scope.tenant, 1)
      t.match(await queue.nack(scope, id, rejection), { outcome: 'delayed' })
      t.match(await store.get(scope, id), { status: 'undelivered', delivery_attempts: 0 })
      t.match(await queue.nack(scope, id, { ...rejection, delayMs: () => 0 }), { outcome: 'delayed' })
      t.equal((await queue.candidates(scope, 10)).length, 1)
    },
  )

  t.test('rejected for good, or once too often, it fails', async (t) => {
    const scope = scopeOfNew()
    const [id = ''] = await createMany(table, scope.tenant, 1)
    t.match(await queue.nack(scope, id, { ...rejection, permanent: true, reason: 'bad' }), {
      outcome: 'failed',
    })
    t.match(await store.get(scope, id), { status: 'failed', last_failure_reason: 'bad', failed_at: /Z$/ })
    t.match(await queue.nack(scope, id, rejection), { outcome: 'conflict' })
    t.match(await queue.nack(scope, id, { ...rejection, lease_id: 'any' }), { outcome: 'lease_lost' })
    const [second = ''] = await createMany(table, scope.tenant, 1)
    for (let attempt = 1; attempt <= MAX_ATTEMPTS; attempt++) {
      const { lease } = await claimOnly(table, scope)
      const outcome = await queue.nack(scope, second, {
        ...rejection,
        lease_id: lease.lease_id,
        delayMs: () => 0,
      })
      t.match(outcome, { outcome: attempt < MAX_ATTEMPTS ? 'delayed' : 'failed' })
    }
    await store.acknowledge(scope, second)
    t.match(await store.get(scope, second), { status: 'delivered', failed_at: null })
  })
}

function testRedriving(t: Test, table: TestTable): void {
  const { queue, store, clock } = table
  const giveUp = { lease_id: undefined, delayMs: () => 0, reason: undefined, permanent: true }

  t.test('a redriven event is as if it had just been accepted', async (t) => {
    const scope = scopeOfNew()
    const [id = ''] = await createMany(table, scope.tenant, 1)
    t.strictSame(await queue.redrive(scope, id, clock.now()), { outcome: 'conflict' })
    await claimOnly(table, scope)
    clock.advance(31_001)
    await queue.nack(scope, id, giveUp)
    const nowMs = clock.now()
    const redriven = await queue.redrive(scope, id, nowMs)
    t.match(redriven, {
      outcome: 'redriven',
      event: { status: 'pending', delivery_attempts: 0, available_at: toTimestamp(nowMs), failed_at: null },
    })
    t.strictSame(await queue.redrive(scope, id, nowMs), { outcome: 'conflict' })
    t.equal((await queue.candidates(scope, 10)).length, 1)
    clock.advance(40 * 86_400_000)
    t.match(await store.get(scope, id), { status: 'pending' }, 'it does not expire')
    clock.advance(-40 * 86_400_000)
  })

  t.test('dead letters are found by type and time, in pages', async (t) => {
    const scope = scopeOfNew(2)
    const ids = await createMany(table, scope.tenant, 8)
    const mails = await createMany(table, scope.tenant, 4, { event_type: 'mail.sent' })
    for (const id of [...ids, ...mails.slice(0, 2)]) await queue.nack(scope, id, giveUp)
    clock.advance(1_000)
    const later = clock.now()
    for (const id of mails.slice(2)) await queue.nack(scope, id, giveUp)
    const find = async (query: { event_type?: string; failed_after?: number; failed_before?: number }) =>
      (await walk((position) => queue.failed(scope, { ...query, limit: 3, position }))).flat()
    t.strictSame(await find({}), [...ids, ...mails])
    t.strictSame(await find({ event_type: 'mail.sent' }), mails)
    t.strictSame(await find({ failed_after: later }), mails.slice(2))
    t.strictSame(await find({ failed_before: later, event_type: 'mail.sent' }), mails.slice(0, 2))
  })
}

function testStats(t: Test, table: TestTable): void {
  const { queue, store, clock } = table

  t.test('the inbox is counted by what can be done with its events now', async (t) => {
    const scope = scopeOfNew(2)
    const nothing = {
      available: 0,
      delayed: 0,
      leased: 0,
      failed: 0,
      oldest_available_age_seconds: null,
      capped: false,
    }
    t.strictSame(await queue.stats(scope), nothing)
    const ids = await createMany(table, scope.tenant, 6)
    await store.create(scope, draftOf(table, { deliver_at: clock.now() + 60_000 }))
    const [candidate] = await queue.candidates(scope, 10)
    if (candidate) await queue.claim(scope, candidate, newLease(table))
    const giveUp = { lease_id: undefined, delayMs: () => 0, reason: undefined, permanent: true }
    await queue.nack(scope, ids[5] ?? '', giveUp)
    await store.acknowledge(scope, ids[4] ?? '')
    clock.advance(5_000)
    const { oldest_available_age_seconds: age, ...counts } = await queue.stats(scope)
    t.strictSame(counts, { available: 3, delayed: 1, leased: 1, failed: 1, capped: false })
    t.ok(age !== null && age >= 5 && age < 30, `${String(age)} s`)
    clock.advance(60_000)
    t.match(await queue.stats(scope), { available: 5, delayed: 0, leased: 0 })
  })
}
