import t from 'tap'
import type { Redriven } from '../../src/schemas/redrive.ts'
import {
  buildTestApp,
  givenAcknowledged,
  givenEvent,
  givenEvents,
  RETENTION_MS,
  walk,
} from '../support/app.ts'
import { claim, faultsOf, givenClaim, givenFailed, idsOf, post, read, readInbox } from '../support/queue.ts'

const NOON = '2026-11-23T12:00:00.000Z'

t.test('dead letters are listed with the time of their failure', async (t) => {
  const app = await buildTestApp(t)
  app.clock.set(NOON)
  const events = await givenEvents(app, 3)
  app.clock.advance(1_000)
  for (const event of events.slice(0, 2)) await givenFailed(app, event)
  const response = await app.inject({ url: '/events?status=failed', headers: app.acme.producer })
  t.equal(response.statusCode, 200)
  const summaryOf = (at: number, change: object) => ({
    event_id: events[at]!.event_id,
    event_type: 'order.created',
    status: 'failed',
    created_at: NOON,
    delivered_at: null,
    failed_at: '2026-11-23T12:00:01.000Z',
    ...change,
  })
  t.strictSame(response.json(), [summaryOf(1, {}), summaryOf(0, {})])
  const all = await app.inject({ url: '/events', headers: app.acme.producer })
  t.strictSame(all.json<unknown[]>()[0], summaryOf(2, { status: 'pending', failed_at: null }))
  const pages = await walk(app, app.acme.producer, '/events?status=failed&limit=1')
  t.strictSame(pages.flat(), [summaryOf(1, {}), summaryOf(0, {})])
})

t.test('one redriven event is as if it had just been accepted', async (t) => {
  const app = await buildTestApp(t)
  app.clock.set(NOON)
  const before = await givenEvent(app)
  const { lease_id, event } = await givenClaim(app)
  const url = `/events/${event.event_id}`
  await post(app, `${url}/nack`, app.acme.consumer, { lease_id, permanent: true, reason: 'bad' })
  app.clock.advance(60_000)
  const response = await post(app, `${url}/redrive`, app.acme.admin)
  t.equal(response.statusCode, 200)
  const redriven = { ...before, available_at: '2026-11-23T12:01:00.000Z', last_failure_reason: 'bad' }
  t.strictSame(response.json(), redriven, 'but for what its consumer said')
  t.strictSame(await read(app, event), redriven)
  t.strictSame(idsOf(await readInbox(app)), [event.event_id])
  t.equal((await givenClaim(app)).event.delivery_attempts, 1)
  app.clock.advance(2 * RETENTION_MS)
  t.equal((await read(app, event)).status, 'undelivered', 'it does not expire any more')
})

t.test('only what failed is redriven', async (t) => {
  const app = await buildTestApp(t)
  app.clock.set(NOON)
  const [held, delivered, open, expired] = await givenEvents(app, 4)
  await givenClaim(app, { limit: 1 })
  await givenAcknowledged(app, delivered!)
  // At the very time of its making a pending event looks like one that this redrive has just made.
  app.clock.advance(1)
  for (const event of [held!, delivered!, open!]) {
    const response = await post(app, `/events/${event.event_id}/redrive`, app.acme.admin, {})
    t.equal(response.statusCode, 409)
    t.strictSame(response.json(), {
      error: 'conflict',
      message: 'The event is not failed.',
      request_id: response.headers['x-request-id'],
    })
  }
  await givenFailed(app, expired!)
  const foreign = await givenEvent(app, {}, app.globex)
  app.clock.advance(RETENTION_MS + 1_000)
  for (const id of [expired!.event_id, foreign.event_id, 'evt_1']) {
    const response = await post(app, `/events/${id}/redrive`, app.acme.admin)
    t.equal(response.statusCode, 404)
    t.strictSame(response.json(), {
      error: 'not_found',
      message: 'There is no such event.',
      request_id: response.headers['x-request-id'],
    })
  }
  t.match((await post(app, '/inbox/redrive', app.acme.admin)).json(), { matched: 0, redriven: 0 })
  const wrong = await post(app, `/events/${held!.event_id}/redrive`, app.acme.admin, { limit: 1 })
  t.equal(wrong.statusCode, 400)
  t.strictSame(faultsOf(wrong), ['limit unknown'])
})

t.test('many: without a body the first hundred, all of one’s own', async (t) => {
  const app = await buildTestApp(t)
  const events = await givenEvents(app, 3)
  for (const event of events) await givenFailed(app, event)
  const response = await post(app, '/inbox/redrive', app.acme.admin)
  t.equal(response.statusCode, 200)
  t.strictSame(response.json(), { matched: 3, redriven: 3, next_cursor: null })
  t.strictSame(idsOf(await readInbox(app)).toSorted(), idsOf(events))
  const again = await post(app, '/inbox/redrive', app.acme.admin, {})
  t.strictSame(again.json(), { matched: 0, redriven: 0, next_cursor: null })
  const failed = await app.inject({ url: '/events?status=failed', headers: app.acme.admin })
  t.strictSame(failed.json(), [])
})

t.test('filters: type, failed at or after, failed before', async (t) => {
  const app = await buildTestApp(t)
  app.clock.set(NOON)
  const orders = await givenEvents(app, 3)
  const [mail] = await givenEvents(app, 1, { event_type: 'mail.sent' })
  for (const event of [orders[0]!, orders[1]!, mail!, orders[2]!]) {
    await givenFailed(app, event)
    app.clock.advance(1_000)
  }
  const count = async (filter: object) => {
    const response = await post(app, '/inbox/redrive', app.acme.admin, { ...filter, dry_run: true })
    t.equal(response.statusCode, 200)
    const { matched, redriven, next_cursor } = response.json<Redriven>()
    t.strictSame({ redriven, next_cursor }, { redriven: 0, next_cursor: null }, 'it only counts')
    return matched
  }
  t.equal(await count({}), 4)
  t.equal(await count({ event_type: 'mail.sent' }), 1)
  t.equal(await count({ event_type: 'mail' }), 0)
  t.equal(await count({ failed_after: '2026-11-23T12:00:01.000Z' }), 3, 'inclusive')
  t.equal(await count({ failed_after: '2026-11-23T14:00:01.001+02:00' }), 2)
  t.equal(await count({ failed_before: '2026-11-23T12:00:01.000Z' }), 1, 'exclusive')
  const second = { failed_after: '2026-11-23T12:00:01Z', failed_before: '2026-11-23T12:00:02Z' }
  t.equal(await count(second), 1)
  t.equal(await count({ ...second, event_type: 'mail.sent' }), 0)
  const done = await post(app, '/inbox/redrive', app.acme.admin, second)
  t.strictSame(done.json(), { matched: 1, redriven: 1, next_cursor: null })
  t.strictSame(idsOf((await claim(app)).events), [orders[1]!.event_id])
})

t.test('pages: the cursor leads through all of them, counting or redriving', async (t) => {
  const app = await buildTestApp(t)
  const events = await givenEvents(app, 7)
  for (const event of events) await givenFailed(app, event)
  for (const dry_run of [true, false]) {
    const pages: Redriven[] = []
    for (let cursor: string | null | undefined; cursor !== null; cursor = pages.at(-1)!.next_cursor) {
      const body = { limit: 3, dry_run, ...(cursor === undefined ? {} : { cursor }) }
      const response = await post(app, '/inbox/redrive', app.acme.admin, body)
      t.equal(response.statusCode, 200)
      pages.push(response.json())
    }
    t.strictSame(
      pages.map(({ matched, redriven }) => [matched, redriven]),
      dry_run
        ? [
            [3, 0],
            [3, 0],
            [1, 0],
          ]
        : [
            [3, 3],
            [3, 3],
            [1, 1],
          ],
    )
  }
  t.equal((await claim(app, { limit: 100 })).events.length, 7)
})

t.test('a cursor belongs to its route, tenant and filters, not to the limit or to dry_run', async (t) => {
  const app = await buildTestApp(t)
  for (const event of await givenEvents(app, 4)) await givenFailed(app, event)
  const filter = { event_type: 'order.created', failed_after: '2020-01-01T00:00:00Z' }
  const first = await post(app, '/inbox/redrive', app.acme.admin, { ...filter, limit: 1, dry_run: true })
  const { next_cursor: cursor } = first.json<Redriven>()
  const flipped = cursor!.slice(0, -1) + (cursor!.endsWith('A') ? 'B' : 'A')
  const abuses: [object, typeof app.acme.admin][] = [
    [{ ...filter, cursor }, app.globex.admin],
    [{ cursor }, app.acme.admin],
    [{ ...filter, event_type: 'order.paid', cursor }, app.acme.admin],
    [{ ...filter, failed_before: '2100-01-01T00:00:00Z', cursor }, app.acme.admin],
    [{ ...filter, cursor: flipped }, app.acme.admin],
    [{ ...filter, cursor: '' }, app.acme.admin],
    [{ ...filter, cursor: 'x'.repeat(10_000) }, app.acme.admin],
    [{ ...filter, cursor: `${cursor!}=` }, app.acme.admin],
  ]
  for (const [body, key] of abuses) {
    const response = await post(app, '/inbox/redrive', key, body)
    t.equal(response.statusCode, 400, JSON.stringify(body).slice(0, 200))
    t.match(response.json(), { error: 'invalid_cursor' })
    t.strictSame(faultsOf(response), ['cursor invalid_cursor'])
  }
  const list = await app.inject({ url: `/events?cursor=${cursor!}`, headers: app.acme.admin })
  t.equal(list.statusCode, 400)
  t.match(list.json(), { error: 'invalid_cursor' })
  const listed = await app.inject({ url: '/events?status=failed&limit=1', headers: app.acme.admin })
  const foreign = { cursor: listed.headers['x-next-cursor'] }
  t.equal((await post(app, '/inbox/redrive', app.acme.admin, foreign)).statusCode, 400)
  const rest = await post(app, '/inbox/redrive', app.acme.admin, { ...filter, limit: 1_000, cursor })
  t.strictSame(rest.json(), { matched: 3, redriven: 3, next_cursor: null })
})

t.test('every field is checked', async (t) => {
  const app = await buildTestApp(t)
  const wrong: [unknown, string[]][] = [
    [{ limit: 0 }, ['limit range']],
    [{ limit: 1_001 }, ['limit range']],
    [{ dry_run: 'yes' }, ['dry_run type']],
    [{ event_type: 'no spaces' }, ['event_type pattern']],
    [{ failed_after: 'yesterday' }, ['failed_after format']],
    [{ failed_before: 5 }, ['failed_before type']],
    [{ cursor: 5 }, ['cursor type']],
    [{ status: 'failed', limit: '1' }, ['limit type', 'status unknown']],
    [[], ['body type']],
    [
      { failed_after: '2026-11-23T12:00:00Z', failed_before: '2026-11-23T12:00:00Z' },
      ['failed_before empty_interval'],
    ],
  ]
  for (const [body, faults] of wrong) {
    const response = await post(app, '/inbox/redrive', app.acme.admin, body)
    t.equal(response.statusCode, 400, JSON.stringify(body))
    t.match(response.json(), { error: 'invalid_request' })
    t.strictSame(faultsOf(response), faults)
  }
  t.equal((await post(app, '/inbox/redrive', app.acme.admin, { limit: 1_000 })).statusCode, 200)
})
