import type { Test } from 'tap'
import { toTimestamp } from '../../src/domain/clock.ts'
import { acceptedAt, createEventIds, ulidOf } from '../../src/domain/event-id.ts'
import type { EventStatus } from '../../src/schemas/event.ts'
import { createMany, draftOf, newTenant, RETENTION_SECONDS, scopeOf, walk, type TestTable } from './table.ts'

const idsOf = (items: { event_id: string }[]) => items.map((item) => item.event_id)
const createdAt = (eventId: string) => toTimestamp(acceptedAt(ulidOf(eventId) ?? ''))

/** What every implementation of the port EventStore does, whatever it stands on. */
export function testEventStore(t: Test, table: TestTable): void {
  testCreating(t, table)
  testAcknowledging(t, table)
  testListing(t, table)
  testInbox(t, table)
}

function testCreating(t: Test, table: TestTable): void {
  const { store } = table

  t.test('a stored event is read back whole', async (t) => {
    const scope = scopeOf(newTenant())
    const draft = draftOf(table, {
      payload: { a: [null, {}, []], ü: '€\ud83d\ude00' },
      metadata: { source: 'shop' },
    })
    const expected = {
      event_id: draft.event_id,
      event_type: 'order.created',
      body: '{"payload":{"a":[null,{},[]],"ü":"€😀"},"metadata":{"source":"shop"}}',
      status: 'pending',
      created_at: createdAt(draft.event_id),
      delivered_at: null,
      delivery_attempts: 0,
      available_at: createdAt(draft.event_id),
      lease_expires_at: null,
      last_failure_reason: null,
      failed_at: null,
    }
    t.strictSame(await store.create(scope, draft), { event: expected, created: true })
    t.strictSame(await store.get(scope, draft.event_id), expected)
  })

  t.test('bodies of every size come back equal, compressible or not', async (t) => {
    const scope = scopeOf(newTenant())
    const noise = (length: number) =>
      Array.from({ length }, () => String.fromCharCode(33 + Math.random() * 90)).join('')
    for (const size of [0, 600, 700, 1_100, 20_000, 340_000]) {
      for (const text of ['x'.repeat(size), noise(size).slice(0, Math.min(size, 180_000))]) {
        const draft = draftOf(table, { payload: { text } })
        await store.create(scope, draft)
        t.equal((await store.get(scope, draft.event_id))?.body, draft.body, `${size} characters`)
      }
    }
  })

  t.test('creating again changes nothing and gives the event as it stands', async (t) => {
    const scope = scopeOf(newTenant())
    const draft = draftOf(table)
    const first = await store.create(scope, draft)
    t.strictSame(await store.create(scope, draft), { ...first, created: false })
    await store.acknowledge(scope, draft.event_id)
    t.match(await store.create(scope, draft), { event: { status: 'delivered' } })
    t.match(await store.get(scope, draft.event_id), { status: 'delivered' })
  })

  t.test('an event that was made while the clock stepped back can be delivered at once', async (t) => {
    const scope = scopeOf(newTenant())
    const ahead = createEventIds(() => Date.now() + 3_600_000)
    await store.create(scope, draftOf({ newEventId: ahead }))
    const { items } = await store.inbox(scope, { limit: 10, available_until: Date.now() })
    t.equal(items.length, 1)
  })

  t.test('another tenant finds nothing', async (t) => {
    const draft = draftOf(table)
    await store.create(scopeOf(newTenant()), draft)
    const stranger = scopeOf(newTenant())
    t.equal(await store.get(stranger, draft.event_id), undefined)
    t.strictSame(await store.acknowledge(stranger, draft.event_id), { outcome: 'not_found' })
    t.strictSame((await store.list(stranger, { limit: 10 })).items, [])
    t.strictSame((await store.inbox(stranger, { limit: 10, available_until: Date.now() })).items, [])
  })

  t.test('a draft must bring an id of ours', async (t) => {
    await t.rejects(store.create(scopeOf(newTenant()), draftOf(table, { event_id: 'evt_1' })))
    t.equal(await store.get(scopeOf(newTenant()), 'evt_1'), undefined)
  })
}

function testAcknowledging(t: Test, table: TestTable): void {
  const { store, clock } = table

  t.test('acknowledging delivers once and is no error again', async (t) => {
    const scope = scopeOf(newTenant())
    const [id = ''] = await createMany(table, scope.tenant, 1)
    t.strictSame(await store.acknowledge(scope, id), { outcome: 'acknowledged', event_type: 'order.created' })
    const delivered = await store.get(scope, id)
    t.match(delivered, { status: 'delivered', delivered_at: /^\d{4}-.*Z$/, delivery_attempts: 0 })
    clock.advance(10)
    t.strictSame(await store.acknowledge(scope, id), {
      outcome: 'already_delivered',
      event_type: 'order.created',
    })
    t.strictSame(await store.get(scope, id), delivered)
    t.strictSame((await store.inbox(scope, { limit: 10, available_until: clock.now() })).items, [])
  })

  t.test('what does not exist is not found, and nothing is made of it', async (t) => {
    const scope = scopeOf(newTenant())
    const { event_id } = draftOf(table)
    t.strictSame(await store.acknowledge(scope, event_id), { outcome: 'not_found' })
    t.strictSame(await store.acknowledge(scope, 'evt_abc123xyz456'), { outcome: 'not_found' })
    t.equal(await store.get(scope, event_id), undefined)
  })

  t.test('an expired event is not found, whether or not it is deleted yet', async (t) => {
    const scope = scopeOf(newTenant())
    const [id = ''] = await createMany(table, scope.tenant, 1)
    await store.acknowledge(scope, id)
    clock.advance((RETENTION_SECONDS + 1) * 1000)
    t.teardown(() => {
      clock.advance((RETENTION_SECONDS + 1) * -1000)
    })
    t.equal(await store.get(scope, id), undefined)
    t.strictSame(await store.acknowledge(scope, id), { outcome: 'not_found' })
    t.strictSame((await store.list(scope, { limit: 10 })).items, [])
    t.strictSame((await store.list(scope, { limit: 10, status: 'delivered' })).items, [])
  })

  t.test('of twenty acknowledgements at once one is the first', async (t) => {
    const scope = scopeOf(newTenant())
    const [id = ''] = await createMany(table, scope.tenant, 1)
    const results = await Promise.all(Array.from({ length: 20 }, () => store.acknowledge(scope, id)))
    t.ok(results.some(({ outcome }) => outcome === 'acknowledged'))
    t.notOk(results.some(({ outcome }) => outcome === 'not_found'))
  })
}

function testListing(t: Test, table: TestTable): void {
  const { store } = table

  for (const shards of [1, 4]) {
    t.test(`a list over ${shards} shards is complete, newest first, in pages of every size`, async (t) => {
      const scope = scopeOf(newTenant(shards))
      const ids = await createMany(table, scope.tenant, 45)
      for (const limit of [1, 7, 45, 100]) {
        const pages = await walk((position) => store.list(scope, { limit, position }))
        t.ok(pages.every((page) => page.length <= limit))
        t.strictSame(idsOf(pages.flat()), ids.toReversed(), `limit ${limit}`)
      }
    })

    t.test(
      `a walk over ${shards} shards gives what was there throughout once, while others are written`,
      async (t) => {
        const scope = scopeOf(newTenant(shards))
        const ids = await createMany(table, scope.tenant, 30)
        const pages = await walk(async (position) => {
          await createMany(table, scope.tenant, 2)
          return store.list(scope, { limit: 4, position })
        })
        const seen = idsOf(pages.flat())
        t.strictSame(
          seen.filter((id) => ids.includes(id)),
          ids.toReversed(),
        )
        t.equal(new Set(seen).size, seen.length)
      },
    )
  }

  t.test('the last page says that it is the last', async (t) => {
    const scope = scopeOf(newTenant())
    await createMany(table, scope.tenant, 6)
    t.type((await store.list(scope, { limit: 5 })).position, 'string')
    t.equal((await store.list(scope, { limit: 6 })).position, null)
  })

  t.test('filters by status, type and time combine', async (t) => {
    const scope = scopeOf(newTenant(2))
    const orders = await createMany(table, scope.tenant, 6)
    const mails = await createMany(table, scope.tenant, 6, { event_type: 'mail.sent' })
    for (const id of [...orders.slice(0, 3), ...mails.slice(0, 3)]) await store.acknowledge(scope, id)
    const list = async (query: {
      status?: EventStatus
      event_type?: string
      created_after?: number
      created_before?: number
    }) => idsOf((await walk((position) => store.list(scope, { ...query, limit: 2, position }))).flat())

    t.strictSame(await list({ event_type: 'mail.sent' }), mails.toReversed())
    t.strictSame(
      await list({ status: 'delivered', event_type: 'order.created' }),
      orders.slice(0, 3).toReversed(),
    )
    t.strictSame(await list({ status: 'pending' }), [...orders.slice(3), ...mails.slice(3)].toReversed())
    t.strictSame(await list({ status: 'failed' }), [])
    const time = (id = '') => acceptedAt(ulidOf(id) ?? '')
    const all = [...orders, ...mails]
    const [from, to] = [time(orders[2]), time(mails[4])]
    const between = all.filter((id) => time(id) >= from && time(id) < to)
    t.strictSame(await list({ created_after: from, created_before: to }), between.toReversed())
    t.strictSame(await list({ created_after: to + 60_000 }), [])
    t.strictSame(await list({ created_before: 0 }), [])
  })

  t.test('a rare type is found behind many others, in pages that may be empty', async (t) => {
    const scope = scopeOf(newTenant())
    const [rare] = await createMany(table, scope.tenant, 1, { event_type: 'rare' })
    await createMany(table, scope.tenant, 400)
    const pages = await walk((position) => store.list(scope, { limit: 1, event_type: 'rare', position }))
    t.strictSame(idsOf(pages.flat()), [rare])
    t.ok(pages.length > 1, `${pages.length} pages`)
  })

  t.test('summaries have what the event has', async (t) => {
    const scope = scopeOf(newTenant())
    const [id = ''] = await createMany(table, scope.tenant, 1)
    await store.acknowledge(scope, id)
    const event = await store.get(scope, id)
    const { event_id, event_type, status, created_at, delivered_at, failed_at } = event ?? {}
    const expected = [{ event_id, event_type, status, created_at, delivered_at, failed_at }]
    t.strictSame((await store.list(scope, { limit: 5 })).items, expected)
    t.strictSame((await store.list(scope, { limit: 5, status: 'delivered' })).items, expected)
  })
}

function testInbox(t: Test, table: TestTable): void {
  const { store, clock } = table

  for (const shards of [1, 4]) {
    t.test(`the inbox over ${shards} shards is complete, oldest first, in pages of every size`, async (t) => {
      const scope = scopeOf(newTenant(shards))
      const ids = await createMany(table, scope.tenant, 45)
      const available_until = clock.now()
      for (const limit of [1, 7, 45, 100]) {
        const pages = await walk((position) => store.inbox(scope, { limit, position, available_until }))
        t.strictSame(idsOf(pages.flat()), ids, `limit ${limit}`)
      }
    })
  }

  t.test('what becomes available after the bound is for a later walk', async (t) => {
    const scope = scopeOf(newTenant())
    const [first] = await createMany(table, scope.tenant, 1)
    const available_until = clock.now()
    clock.advance(5)
    const [second] = await createMany(table, scope.tenant, 1)
    t.strictSame(idsOf((await store.inbox(scope, { limit: 9, available_until })).items), [first])
    const later = await store.inbox(scope, { limit: 9, available_until: clock.now() })
    t.strictSame(idsOf(later.items), [first, second])
  })

  t.test('events are whole, of the wanted type, and gone once they are acknowledged', async (t) => {
    const scope = scopeOf(newTenant(2))
    const orders = await createMany(table, scope.tenant, 8)
    const mails = await createMany(table, scope.tenant, 8, { event_type: 'mail.sent' })
    for (const id of orders.slice(0, 5)) await store.acknowledge(scope, id)
    const read = async (event_type?: string) =>
      (
        await walk((position) =>
          store.inbox(scope, { limit: 3, event_type, available_until: clock.now(), position }),
        )
      ).flat()
    t.strictSame(idsOf(await read()), [...orders.slice(5), ...mails])
    const found = await read('mail.sent')
    t.strictSame(idsOf(found), mails)
    t.strictSame(found[0], await store.get(scope, mails[0] ?? ''))
  })

  t.test('a page ends at 4 MiB of bodies and says so', async (t) => {
    const scope = scopeOf(newTenant())
    const ids = await createMany(table, scope.tenant, 16, { payload: { text: 'x'.repeat(300_000) } })
    const pages = await walk((position) =>
      store.inbox(scope, { limit: 100, available_until: clock.now(), position }),
    )
    t.strictSame(idsOf(pages.flat()), ids)
    t.strictSame(
      pages.map((page) => page.length),
      [13, 3],
    )
  })
}
