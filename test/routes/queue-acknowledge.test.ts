import t from 'tap'
import { buildTestApp, givenAcknowledged, givenEvent, givenEvents } from '../support/app.ts'
import {
  claim,
  faultsOf,
  givenClaim,
  givenFailed,
  idsOf,
  post,
  read,
  readInbox,
  resultsOf,
} from '../support/queue.ts'

const NOON = '2026-11-23T12:00:00.000Z'
const UNKNOWN = 'evt_01jd8x5q3v7k2m9n4p6r8s0t10'

t.test('many at once, each with its result, in the order of the ids', async (t) => {
  const app = await buildTestApp(t)
  app.clock.set(NOON)
  const [first, second, third, failed] = await givenEvents(app, 4)
  const others = await givenEvent(app, {}, app.globex)
  await givenAcknowledged(app, second!)
  await givenFailed(app, failed!)
  app.clock.advance(1_000)
  const event_ids = [
    third!.event_id,
    second!.event_id,
    others.event_id,
    first!.event_id,
    'evt_1',
    third!.event_id,
    failed!.event_id,
  ]
  const response = await post(app, '/inbox/acknowledge', app.acme.consumer, { event_ids })
  t.equal(response.statusCode, 200)
  const results = [
    'acknowledged',
    'already_delivered',
    'not_found',
    'acknowledged',
    'not_found',
    'acknowledged',
    'acknowledged',
  ]
  t.strictSame(response.json(), {
    results: event_ids.map((event_id, at) => ({ event_id, result: results[at] })),
  })
  t.strictSame(await read(app, first!), {
    ...first!,
    status: 'delivered',
    delivered_at: '2026-11-23T12:00:01.000Z',
    available_at: null,
  })
  t.equal((await read(app, second!)).delivered_at, NOON, 'the first time stays')
  t.match(await read(app, failed!), { status: 'delivered', failed_at: null })
  t.strictSame(await readInbox(app), [])
  t.strictSame((await claim(app)).events, [])
})

t.test('one audit line for each event, repeated or not', async (t) => {
  const app = await buildTestApp(t)
  const [first, second] = await givenEvents(app, 2)
  await givenAcknowledged(app, second!)
  const before = app.logs.length
  const event_ids = [first!.event_id, second!.event_id, UNKNOWN, first!.event_id]
  await post(app, '/inbox/acknowledge', app.acme.consumer, { event_ids })
  const lines = app.logs.slice(before).filter(({ audit }) => audit === 'acknowledge')
  const [, key_id] = /^Bearer trg_([0-9a-f]+)_/.exec(app.acme.consumer.authorization)!
  const line = (event_id: string, repeated: boolean) => ({
    audit: 'acknowledge',
    event_id,
    event_type: 'order.created',
    key_id,
    repeated,
  })
  const byId = (a: { event_id: string }, b: { event_id: string }) => (a.event_id < b.event_id ? -1 : 1)
  t.strictSame(
    lines
      .map(({ audit, event_id, event_type, key_id, repeated }) => ({
        audit,
        event_id: String(event_id),
        event_type,
        key_id,
        repeated,
      }))
      .sort(byId),
    [line(first!.event_id, false), line(second!.event_id, true)],
  )
})

t.test('with a lease: 204 unless somebody else holds the event now', async (t) => {
  const app = await buildTestApp(t)
  app.clock.set(NOON)
  await givenEvent(app)
  const overtaken = await givenClaim(app, { lease_seconds: 1 })
  app.clock.advance(2_000)
  const holder = await givenClaim(app)
  const url = `/events/${holder.event.event_id}/acknowledge`
  const lost = await post(app, url, app.acme.consumer, { lease_id: overtaken.lease_id })
  t.equal(lost.statusCode, 409)
  t.strictSame(lost.json(), {
    error: 'lease_lost',
    message: 'The event is held under another lease.',
    request_id: lost.headers['x-request-id'],
  })
  t.strictSame(await read(app, holder.event), holder.event, 'and nothing changes')
  const many = { event_ids: [holder.event.event_id], lease_id: overtaken.lease_id }
  t.strictSame(resultsOf(await post(app, '/inbox/acknowledge', app.acme.consumer, many)), ['lease_lost'])
  const done = await post(app, url, app.acme.consumer, { lease_id: holder.lease_id })
  t.equal(done.statusCode, 204)
  t.equal(done.body, '')
  t.match(await read(app, holder.event), { status: 'delivered', lease_expires_at: null })
  t.equal((await post(app, url, app.acme.consumer, { lease_id: holder.lease_id })).statusCode, 204, 'again')
  t.equal(
    (await post(app, url, app.acme.consumer, { lease_id: overtaken.lease_id })).statusCode,
    204,
    'it is delivered, whoever says so: nobody holds it',
  )
})

t.test('a lapsed lease that nobody took over still acknowledges', async (t) => {
  const app = await buildTestApp(t)
  app.clock.set(NOON)
  await givenEvent(app)
  const { lease_id, event } = await givenClaim(app, { lease_seconds: 1 })
  app.clock.advance(3_600_000)
  const response = await post(app, `/events/${event.event_id}/acknowledge`, app.acme.consumer, { lease_id })
  t.equal(response.statusCode, 204)
})

t.test('any lease will do where nobody holds the event: open, released, failed', async (t) => {
  const app = await buildTestApp(t)
  const [open, failed] = await givenEvents(app, 2)
  await givenFailed(app, failed!)
  for (const { event_id } of [open!, failed!]) {
    const response = await post(app, `/events/${event_id}/acknowledge`, app.acme.consumer, { lease_id: 'x' })
    t.equal(response.statusCode, 204)
  }
})

t.test('without a lease anybody of the tenant acknowledges, held or not', async (t) => {
  const app = await buildTestApp(t)
  await givenEvents(app, 2)
  const { lease_id, events } = await givenClaim(app)
  const [one, other] = idsOf(events)
  t.equal((await post(app, `/events/${one!}/acknowledge`, app.acme.consumer)).statusCode, 204)
  const body = { event_ids: [other], lease_id: undefined }
  t.strictSame(resultsOf(await post(app, '/inbox/acknowledge', app.acme.consumer, body)), ['acknowledged'])
  const extend = { lease_id, event_ids: [one, other] }
  t.strictSame(resultsOf(await post(app, '/inbox/extend', app.acme.consumer, extend)), [
    'lease_lost',
    'lease_lost',
  ])
})

t.test('every field is checked', async (t) => {
  const app = await buildTestApp(t)
  const wrong: [unknown, string[]][] = [
    [undefined, ['body type']],
    [{}, ['event_ids required']],
    [{ event_ids: [] }, ['event_ids length']],
    [{ event_ids: Array<string>(101).fill('a') }, ['event_ids length']],
    [{ event_ids: [1] }, ['event_ids[0] type']],
    [{ event_ids: ['a'], lease_id: null }, ['lease_id type']],
    [{ event_ids: ['a'], x: 1 }, ['x unknown']],
  ]
  for (const [body, faults] of wrong) {
    const response = await post(app, '/inbox/acknowledge', app.acme.consumer, body)
    t.equal(response.statusCode, 400, JSON.stringify(body))
    t.strictSame(faultsOf(response), faults)
  }
  const { event_id } = await givenEvent(app)
  const one: [unknown, string[]][] = [
    [{ lease_id: 5 }, ['lease_id type']],
    [{ event_ids: ['a'] }, ['event_ids unknown']],
    [[], ['body type']],
  ]
  for (const [body, faults] of one) {
    const response = await post(app, `/events/${event_id}/acknowledge`, app.acme.consumer, body)
    t.equal(response.statusCode, 400, JSON.stringify(body))
    t.strictSame(faultsOf(response), faults)
  }
})

t.test('acknowledged at once by many, one of them did it', async (t) => {
  const app = await buildTestApp(t)
  const { event_id } = await givenEvent(app)
  const answers = await Promise.all(
    Array.from({ length: 10 }, () =>
      post(app, '/inbox/acknowledge', app.acme.consumer, { event_ids: [event_id] }),
    ),
  )
  const results = answers.flatMap(resultsOf)
  t.ok(results.every((result) => ['acknowledged', 'already_delivered'].includes(result)))
  t.ok(results.includes('acknowledged'))
})
