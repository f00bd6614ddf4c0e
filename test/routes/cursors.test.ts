import t from 'tap'
import type { EventSummary } from '../../src/schemas/event.ts'
import { buildTestApp, givenEvents, type KeyHeaders, type TestApp } from '../support/app.ts'

/** The cursor that leads on from the page at this URL; a test that expects one fails without. */
async function cursorOf(app: TestApp, url: string, headers: KeyHeaders = app.acme.consumer): Promise<string> {
  const response = await app.inject({ url, headers })
  const cursor = response.headers['x-next-cursor']
  if (typeof cursor !== 'string') throw new Error(`${url} has no next page`)
  return cursor
}

const invalidCursor = (requestId: unknown) => ({
  error: 'invalid_cursor',
  message: 'The cursor is not one that this request, with these filters, was given.',
  details: [{ field: 'cursor', message: 'is not valid here', code: 'invalid_cursor' }],
  request_id: requestId,
})

t.test('a cursor is bound neither to limit nor to the key', async (t) => {
  const app = await buildTestApp(t)
  const ids = (await givenEvents(app, 6)).map((event) => event.event_id).toReversed()
  const cursor = await cursorOf(app, '/events?limit=2')
  for (const [limit, { authorization }] of [
    [1, app.acme.consumer],
    [3, app.acme.producer],
    [100, app.acme.admin],
  ] as const) {
    const response = await app.inject({
      url: `/events?limit=${limit}&cursor=${cursor}`,
      headers: { authorization },
    })
    t.equal(response.statusCode, 200)
    t.strictSame(
      response.json<EventSummary[]>().map((event) => event.event_id),
      ids.slice(2, 2 + limit),
    )
  }
})

t.test('a cursor that is used twice gives the same page', async (t) => {
  const app = await buildTestApp(t)
  await givenEvents(app, 5)
  for (const path of ['/events', '/inbox']) {
    const cursor = await cursorOf(app, `${path}?limit=2`)
    const url = `${path}?limit=2&cursor=${cursor}`
    const first = await app.inject({ url, headers: app.acme.consumer })
    const again = await app.inject({ url, headers: app.acme.consumer })
    t.equal(again.statusCode, 200)
    t.equal(again.body, first.body)
    t.equal(again.headers['link'], first.headers['link'])
  }
})

t.test('equal times are equal filters, however they are written', async (t) => {
  const app = await buildTestApp(t)
  app.clock.set('2100-01-01T00:00:00.000Z')
  await givenEvents(app, 3)
  const cursor = await cursorOf(app, '/events?limit=1&created_after=2100-01-01T00:00:00Z')
  const response = await app.inject({
    url: `/events?limit=1&created_after=2100-01-01T01:00:00.000%2B01:00&cursor=${cursor}`,
    headers: app.acme.consumer,
  })
  t.equal(response.statusCode, 200)
  t.equal(response.json<EventSummary[]>().length, 1)
})

t.test('a cursor is refused with other filters', async (t) => {
  const app = await buildTestApp(t)
  app.clock.set('2100-01-01T00:00:00.000Z')
  await givenEvents(app, 3)
  const filters = [
    '',
    '&status=pending',
    '&event_type=order.created',
    '&status=pending&event_type=order.created',
    '&created_after=2100-01-01T00:00:00Z',
    '&created_before=2100-01-01T00:00:01Z',
    '&created_after=2100-01-01T00:00:00Z&created_before=2100-01-01T00:00:01Z',
  ]
  const others = [...filters, '&status=delivered', '&event_type=order.changed']
  for (const own of filters) {
    const cursor = await cursorOf(app, `/events?limit=1${own}`)
    for (const other of others) {
      const response = await app.inject({
        url: `/events?limit=1${other}&cursor=${cursor}`,
        headers: app.acme.consumer,
      })
      t.equal(response.statusCode, own === other ? 200 : 400, `of ?${own} with ?${other}`)
      if (own === other) continue
      t.strictSame(response.json(), invalidCursor(response.headers['x-request-id']))
    }
  }
  const inboxCursor = await cursorOf(app, '/inbox?limit=1&event_type=order.created')
  for (const other of ['', '&event_type=order.changed']) {
    const response = await app.inject({
      url: `/inbox?limit=1${other}&cursor=${inboxCursor}`,
      headers: app.acme.consumer,
    })
    t.equal(response.statusCode, 400)
    t.strictSame(response.json(), invalidCursor(response.headers['x-request-id']))
  }
})

t.test('a cursor is refused on another route and for another tenant', async (t) => {
  const app = await buildTestApp(t)
  await givenEvents(app, 3)
  await givenEvents(app, 3)
  const [list, inbox] = [await cursorOf(app, '/events?limit=1'), await cursorOf(app, '/inbox?limit=1')]
  for (const [path, cursor, { authorization }] of [
    ['/inbox', list, app.acme.consumer],
    ['/events', inbox, app.acme.consumer],
    ['/events', list, app.globex.consumer],
    ['/inbox', inbox, app.globex.consumer],
  ] as const) {
    const response = await app.inject({ url: `${path}?cursor=${cursor}`, headers: { authorization } })
    t.equal(response.statusCode, 400)
    t.strictSame(response.json(), invalidCursor(response.headers['x-request-id']))
  }
})

t.test('a cursor that differs in any byte, or in its spelling, is refused', async (t) => {
  const app = await buildTestApp(t)
  await givenEvents(app, 3)
  for (const path of ['/events', '/inbox']) {
    const cursor = await cursorOf(app, `${path}?limit=1`)
    const bytes = Buffer.from(cursor, 'base64url')
    const flipped = Array.from(bytes, (byte, at) => {
      const changed = Buffer.from(bytes)
      changed[at] = byte ^ (1 << (at % 8))
      return changed.toString('base64url')
    })
    const respelled = Array.from(cursor, (character, at) => {
      const other = character === 'A' ? 'B' : 'A'
      return cursor.slice(0, at) + other + cursor.slice(at + 1)
    })
    const others = [
      ...flipped,
      ...respelled,
      cursor.slice(0, -1),
      cursor.slice(1),
      `${cursor}A`,
      `${cursor}=`,
      `${cursor}==`,
      `${cursor}%0A`,
      `%20${cursor}`,
      cursor + cursor,
      `${cursor.slice(0, 5)}.${cursor.slice(5)}`,
      bytes.subarray(0, 17).toString('base64url'),
    ]
    for (const other of others) {
      const response = await app.inject({
        url: `${path}?limit=1&cursor=${other}`,
        headers: app.acme.consumer,
      })
      t.equal(response.statusCode, 400, other)
      t.strictSame(response.json(), invalidCursor(response.headers['x-request-id']))
    }
  }
})

t.test('what never was a cursor is refused', async (t) => {
  const app = await buildTestApp(t)
  const never = ['', 'null', '0', 'A', 'AQ', '%00', '..', '%E2%82%AC', 'evt_01jd8x5q3v7k2m9n4p6r8s0t1w']
  for (const cursor of [...never, 'A'.repeat(10_000), Buffer.alloc(60, 1).toString('base64url')]) {
    for (const path of ['/events', '/inbox']) {
      const response = await app.inject({ url: `${path}?cursor=${cursor}`, headers: app.acme.consumer })
      t.equal(response.statusCode, 400, cursor.slice(0, 40))
      t.strictSame(response.json(), invalidCursor(response.headers['x-request-id']))
    }
  }
})

t.test('a secret can be replaced without breaking walks, and then be dropped', async (t) => {
  const before = await buildTestApp(t, { cursorSecrets: ['the old secret'] })
  const during = await buildTestApp(t, { cursorSecrets: ['the new secret', 'the old secret'] })
  const after = await buildTestApp(t, { cursorSecrets: ['the new secret'] })
  await givenEvents(before, 3)
  const statusOf = async (app: TestApp, cursor: string) =>
    (await app.inject({ url: `/events?limit=1&cursor=${cursor}`, headers: before.acme.consumer })).statusCode

  const old = await cursorOf(before, '/events?limit=1')
  t.equal(await statusOf(during, old), 200)
  t.equal(await statusOf(after, old), 400)
  const fresh = await cursorOf(during, '/events?limit=1', before.acme.consumer)
  t.equal(await statusOf(after, fresh), 200)
})
