import t from 'tap'
import { buildTestApp, givenAcknowledged, givenEvent, givenEvents } from '../support/app.ts'
import { claim, faultsOf, givenClaim, givenFailed, idsOf, post, read, resultsOf } from '../support/queue.ts'

const NOON = '2026-11-23T12:00:00.000Z'
const UNKNOWN = 'evt_01jd8x5q3v7k2m9n4p6r8s0t10'

t.test('extend moves the end of the lease, counted from now', async (t) => {
  const app = await buildTestApp(t)
  app.clock.set(NOON)
  await givenEvents(app, 2)
  const { lease_id, events } = await givenClaim(app)
  app.clock.advance(20_000)
  const response = await post(app, '/inbox/extend', app.acme.consumer, {
    lease_id,
    event_ids: idsOf(events).toReversed(),
    lease_seconds: 60,
  })
  t.equal(response.statusCode, 200)
  t.strictSame(response.json(), {
    lease_expires_at: '2026-11-23T12:01:20.000Z',
    results: idsOf(events)
      .toReversed()
      .map((event_id) => ({ event_id, result: 'extended' })),
  })
  for (const event of events) {
    t.strictSame(await read(app, event), {
      ...event,
      lease_expires_at: '2026-11-23T12:01:20.000Z',
      available_at: '2026-11-23T12:01:21.000Z',
    })
  }
  app.clock.set('2026-11-23T12:01:20.999Z')
  t.strictSame((await claim(app)).events, [], 'nobody else gets it before')
  app.clock.advance(1)
  t.equal((await claim(app)).events.length, 2)
})

t.test('a lease can be made shorter, and 30 seconds are the default', async (t) => {
  const app = await buildTestApp(t)
  app.clock.set(NOON)
  await givenEvent(app)
  const { lease_id, event } = await givenClaim(app, { lease_seconds: 43_200 })
  const body = { lease_id, event_ids: [event.event_id] }
  const response = await post(app, '/inbox/extend', app.acme.consumer, body)
  t.equal(response.json<{ lease_expires_at: string }>().lease_expires_at, '2026-11-23T12:00:30.000Z')
  app.clock.set('2026-11-23T12:00:31.000Z')
  t.strictSame(idsOf((await claim(app)).events), [event.event_id])
})

t.test('an empty lease is none: nobody holds what was rejected', async (t) => {
  const app = await buildTestApp(t)
  const { event_id } = await givenEvent(app)
  await post(app, `/events/${event_id}/nack`, app.acme.consumer, { delay_seconds: 60 })
  const body = { lease_id: '', event_ids: [event_id] }
  for (const url of ['/inbox/extend', '/inbox/release']) {
    t.strictSame(resultsOf(await post(app, url, app.acme.consumer, body)), ['lease_lost'], url)
  }
  const nack = await post(app, `/events/${event_id}/nack`, app.acme.consumer, { lease_id: '' })
  t.equal(nack.statusCode, 409)
})

t.test('release makes events available now; the attempt counts all the same', async (t) => {
  const app = await buildTestApp(t)
  app.clock.set(NOON)
  const before = await givenEvents(app, 2)
  const { lease_id, events } = await givenClaim(app)
  app.clock.advance(5_000)
  const body = { lease_id, event_ids: idsOf(events) }
  const response = await post(app, '/inbox/release', app.acme.consumer, body)
  t.equal(response.statusCode, 200)
  t.strictSame(response.json(), {
    results: idsOf(events).map((event_id) => ({ event_id, result: 'released' })),
  })
  t.strictSame(await read(app, events[0]!), {
    ...before[0]!,
    status: 'undelivered',
    delivery_attempts: 1,
    available_at: '2026-11-23T12:00:05.000Z',
  })
  const again = await givenClaim(app)
  t.strictSame(idsOf(again.events), idsOf(events))
  t.equal(again.event.delivery_attempts, 2)
  t.strictSame(resultsOf(await post(app, '/inbox/release', app.acme.consumer, body)), [
    'lease_lost',
    'lease_lost',
  ])
})

t.test(
  'each event has its own result, in the order of the ids, once for each time it is given',
  async (t) => {
    const app = await buildTestApp(t)
    const [held, delivered, failed] = await givenEvents(app, 3)
    const { lease_id } = await givenClaim(app)
    await givenAcknowledged(app, delivered!)
    await post(app, `/events/${failed!.event_id}/nack`, app.acme.consumer, { lease_id, permanent: true })
    const others = await givenEvent(app, {}, app.globex)
    const open = await givenEvent(app)
    const event_ids = [
      UNKNOWN,
      held!.event_id,
      delivered!.event_id,
      'no id at all',
      held!.event_id,
      failed!.event_id,
      others.event_id,
      open.event_id,
    ]
    const expected = (done: string) => [
      'not_found',
      done,
      'lease_lost',
      'not_found',
      done,
      'lease_lost',
      'not_found',
      'lease_lost',
    ]
    const extended = await post(app, '/inbox/extend', app.acme.consumer, { lease_id, event_ids })
    t.equal(extended.statusCode, 200)
    t.strictSame(resultsOf(extended), expected('extended'))
    t.strictSame(idsOf(extended.json<{ results: { event_id: string }[] }>().results), event_ids)
    const released = await post(app, '/inbox/release', app.acme.consumer, { lease_id, event_ids })
    t.equal(released.statusCode, 200)
    t.strictSame(resultsOf(released), expected('released'))
  },
)

t.test('where nothing was extended there is no new end', async (t) => {
  const app = await buildTestApp(t)
  const event = await givenEvent(app)
  for (const lease_id of ['lease_x', '']) {
    const body = { lease_id, event_ids: [event.event_id] }
    const response = await post(app, '/inbox/extend', app.acme.consumer, body)
    t.equal(response.statusCode, 200)
    t.strictSame(response.json(), {
      lease_expires_at: null,
      results: [{ event_id: event.event_id, result: 'lease_lost' }],
    })
  }
})

t.test('a lapsed lease counts until somebody else claims', async (t) => {
  const app = await buildTestApp(t)
  app.clock.set(NOON)
  await givenEvent(app)
  const first = await givenClaim(app, { lease_seconds: 1 })
  const event_ids = [first.event.event_id]
  app.clock.advance(60_000)
  const mine = { lease_id: first.lease_id, event_ids }
  t.strictSame(resultsOf(await post(app, '/inbox/extend', app.acme.consumer, mine)), ['extended'])
  t.strictSame((await claim(app)).events, [], 'it is held again')
  app.clock.advance(60_000)
  const second = await givenClaim(app)
  t.equal(second.event.delivery_attempts, 2)
  t.strictSame(resultsOf(await post(app, '/inbox/extend', app.acme.consumer, mine)), ['lease_lost'])
  t.strictSame(resultsOf(await post(app, '/inbox/release', app.acme.consumer, mine)), ['lease_lost'])
  const theirs = { lease_id: second.lease_id, event_ids }
  app.clock.advance(60_000)
  t.strictSame(resultsOf(await post(app, '/inbox/release', app.acme.consumer, theirs)), ['released'])
})

t.test('every field of extend and release is checked', async (t) => {
  const app = await buildTestApp(t)
  const id = UNKNOWN
  const wrong: [unknown, string[]][] = [
    [undefined, ['body type']],
    [{}, ['event_ids required', 'lease_id required']],
    [{ lease_id: 5, event_ids: [id] }, ['lease_id type']],
    [{ lease_id: null, event_ids: [id] }, ['lease_id type']],
    [{ lease_id: 'l', event_ids: id }, ['event_ids type']],
    [{ lease_id: 'l', event_ids: [] }, ['event_ids length']],
    [{ lease_id: 'l', event_ids: Array<string>(101).fill(id) }, ['event_ids length']],
    [{ lease_id: 'l', event_ids: [id, 5, null] }, ['event_ids[1] type', 'event_ids[2] type']],
    [{ lease_id: 'l', event_ids: [id], wait_seconds: 1 }, ['wait_seconds unknown']],
  ]
  for (const url of ['/inbox/extend', '/inbox/release']) {
    for (const [body, faults] of wrong) {
      const response = await post(app, url, app.acme.consumer, body)
      t.equal(response.statusCode, 400, `${url} ${JSON.stringify(body)}`)
      t.strictSame(faultsOf(response), faults)
    }
    const hundred = { lease_id: 'l', event_ids: Array<string>(100).fill(id) }
    const response = await post(app, url, app.acme.consumer, hundred)
    t.strictSame(resultsOf(response), Array<string>(100).fill('not_found'))
  }
  for (const lease_seconds of [0, 43_201]) {
    const body = { lease_id: 'l', event_ids: [id], lease_seconds }
    const response = await post(app, '/inbox/extend', app.acme.consumer, body)
    t.equal(response.statusCode, 400)
    t.strictSame(faultsOf(response), ['lease_seconds range'])
  }
})

t.test('a lease that was released is gone for every verb', async (t) => {
  const app = await buildTestApp(t)
  const failed = await givenEvent(app)
  await givenFailed(app, failed)
  await givenEvent(app)
  const { lease_id, event } = await givenClaim(app)
  const body = { lease_id, event_ids: [event.event_id] }
  t.strictSame(resultsOf(await post(app, '/inbox/release', app.acme.consumer, body)), ['released'])
  t.strictSame(resultsOf(await post(app, '/inbox/extend', app.acme.consumer, body)), ['lease_lost'])
  const nack = await post(app, `/events/${event.event_id}/nack`, app.acme.consumer, { lease_id })
  t.equal(nack.statusCode, 409)
  t.match(nack.json(), { error: 'lease_lost' })
  const acknowledge = await post(app, '/inbox/acknowledge', app.acme.consumer, body)
  t.strictSame(resultsOf(acknowledge), ['acknowledged'], 'which nobody else holds')
})
