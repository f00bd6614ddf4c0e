import t from 'tap'
import type { EventAnswer } from '../../src/schemas/event.ts'
import { buildTestApp, givenAcknowledged, givenEvent, givenEvents, nextPageOf, walk } from '../support/app.ts'

const idsOf = (events: EventAnswer[]) => events.map((event) => event.event_id)

t.test(
  'the inbox has whole events, oldest first, of the tenant alone, and reading changes nothing',
  async (t) => {
    const app = await buildTestApp(t)
    app.clock.set('2100-01-01T00:00:00.000Z')
    const first = await givenEvent(app, { event_type: 'first', payload: { a: [1] }, metadata: { b: {} } })
    const second = await givenEvent(app, { event_type: 'second' })
    await givenEvent(app, {}, app.globex)
    for (let n = 0; n < 2; n++) {
      const response = await app.inject({ url: '/inbox', headers: app.acme.consumer })
      t.equal(response.statusCode, 200)
      t.equal(response.headers['link'], undefined)
      t.equal(response.headers['x-next-cursor'], undefined)
      t.strictSame(response.json(), [
        {
          event_id: first.event_id,
          event_type: 'first',
          payload: { a: [1] },
          metadata: { b: {} },
          status: 'pending',
          created_at: '2100-01-01T00:00:00.000Z',
          delivered_at: null,
          delivery_attempts: 0,
          available_at: '2100-01-01T00:00:00.000Z',
          lease_expires_at: null,
          last_failure_reason: null,
          failed_at: null,
        },
        {
          event_id: second.event_id,
          event_type: 'second',
          payload: {},
          metadata: null,
          status: 'pending',
          created_at: '2100-01-01T00:00:00.000Z',
          delivered_at: null,
          delivery_attempts: 0,
          available_at: '2100-01-01T00:00:00.000Z',
          lease_expires_at: null,
          last_failure_reason: null,
          failed_at: null,
        },
      ])
    }
  },
)

t.test('an empty inbox is an empty array without a link', async (t) => {
  const app = await buildTestApp(t)
  const response = await app.inject({ url: '/inbox', headers: app.acme.consumer })
  t.equal(response.statusCode, 200)
  t.equal(response.body, '[]')
  t.equal(response.headers['link'], undefined)
})

t.test('a page has 100 events unless told otherwise, and limits of 1 to 100', async (t) => {
  const app = await buildTestApp(t)
  const ids = idsOf(await givenEvents(app, 101))
  for (const [query, size] of [
    ['', 100],
    ['?limit=100', 100],
    ['?limit=50', 50],
    ['?limit=1', 1],
  ] as const) {
    const response = await app.inject({ url: `/inbox${query}`, headers: app.acme.consumer })
    t.equal(response.statusCode, 200)
    t.strictSame(idsOf(response.json()), ids.slice(0, size), query)
    t.ok(nextPageOf(response), query)
  }
  const pages = await walk<EventAnswer>(app, app.acme.consumer, '/inbox?limit=40')
  t.strictSame(
    pages.map((page) => page.length),
    [40, 40, 21],
  )
  t.strictSame(idsOf(pages.flat()), ids)

  for (const [limit, fault] of [
    ['0', { field: 'limit', message: 'must be at least 1', code: 'range' }],
    ['101', { field: 'limit', message: 'must be at most 100', code: 'range' }],
    ['ten', { field: 'limit', message: 'must be integer', code: 'type' }],
  ] as const) {
    const response = await app.inject({ url: `/inbox?limit=${limit}`, headers: app.acme.consumer })
    t.equal(response.statusCode, 400)
    t.strictSame(response.json(), {
      error: 'invalid_request',
      message: 'The request has an invalid field.',
      details: [fault],
      request_id: response.headers['x-request-id'],
    })
  }
})

t.test('the last page has no link, also when it is full', async (t) => {
  const app = await buildTestApp(t)
  await givenEvents(app, 6)
  for (const query of ['', '&event_type=order.created']) {
    const pages = await walk<EventAnswer>(app, app.acme.consumer, `/inbox?limit=3${query}`)
    t.strictSame(
      pages.map((page) => page.length),
      [3, 3],
    )
  }
})

t.test('event_type keeps the events of one type, and the link carries it', async (t) => {
  const app = await buildTestApp(t)
  const wanted: string[] = []
  for (let n = 0; n < 12; n++) {
    const event = await givenEvent(app, { event_type: n % 3 === 0 ? 'a:b/c' : 'other' })
    if (n % 3 === 0) wanted.push(event.event_id)
  }
  const response = await app.inject({
    url: '/inbox?event_type=a%3Ab%2Fc&limit=3',
    headers: app.acme.consumer,
  })
  t.equal(response.statusCode, 200)
  t.strictSame(idsOf(response.json()), wanted.slice(0, 3))
  const { pathname, searchParams } = new URL(nextPageOf(response) ?? '', 'http://any.example')
  t.equal(pathname, '/inbox')
  t.strictSame(Object.fromEntries(searchParams), {
    event_type: 'a:b/c',
    limit: '3',
    cursor: response.headers['x-next-cursor'],
  })
  const pages = await walk<EventAnswer>(app, app.acme.consumer, '/inbox?event_type=a:b/c&limit=3')
  t.strictSame(idsOf(pages.flat()), wanted)
})

t.test('parameters that lists have and the inbox has not are refused', async (t) => {
  const app = await buildTestApp(t)
  const response = await app.inject({
    url: '/inbox?status=pending&created_after=2100-01-01T00:00:00Z&event_type=-',
    headers: app.acme.consumer,
  })
  t.equal(response.statusCode, 400)
  t.strictSame(response.json(), {
    error: 'invalid_request',
    message: 'The request has 3 invalid fields.',
    details: [
      { field: 'status', message: 'is not known here', code: 'unknown' },
      { field: 'created_after', message: 'is not known here', code: 'unknown' },
      { field: 'event_type', message: 'must match ^[A-Za-z0-9][A-Za-z0-9._:/-]{0,99}$', code: 'pattern' },
    ],
    request_id: response.headers['x-request-id'],
  })
})

t.test('a page may be empty and still have a link', async (t) => {
  const app = await buildTestApp(t)
  await Promise.all(Array.from({ length: 175 }, () => givenEvent(app)))
  const rare = await givenEvent(app, { event_type: 'rare' })
  const pages = await walk<EventAnswer>(app, app.acme.consumer, '/inbox?event_type=rare&limit=1')
  t.ok(pages.length > 1, `${pages.length} pages`)
  t.strictSame(pages[0], [])
  t.strictSame(idsOf(pages.flat()), [rare.event_id])
})

t.test('a page ends at 4 MiB of bodies, and the next one goes on', async (t) => {
  // What counts is the text as stored: {"payload":{"text":"…"},"metadata":null}.
  const frame = '{"payload":{"text":""},"metadata":null}'.length
  const payloadOf = (bytes: number) => ({ text: 'x'.repeat(bytes - frame) })
  const large = 260_000
  const rest = 4 * 1024 * 1024 - 16 * large
  for (const [last, sizes] of [
    [rest, [17, 1]],
    [rest + 1, [16, 2]],
  ] as const) {
    const app = await buildTestApp(t)
    const events = [
      ...(await givenEvents(app, 16, { payload: payloadOf(large) })),
      await givenEvent(app, { payload: payloadOf(last) }),
      await givenEvent(app),
    ]
    const pages = await walk<EventAnswer>(app, app.acme.consumer, '/inbox')
    t.strictSame(
      pages.map((page) => page.length),
      sizes,
    )
    t.strictSame(idsOf(pages.flat()), idsOf(events))
  }
})

t.test('a walk is bounded by its first page: what comes later is for the next walk', async (t) => {
  const app = await buildTestApp(t)
  app.clock.set('2100-01-01T00:00:00.000Z')
  const events = await givenEvents(app, 7)
  const seen: string[] = []
  for (let next: string | undefined = '/inbox?limit=2'; next !== undefined;) {
    const response = await app.inject({ url: next, headers: app.acme.consumer })
    t.equal(response.statusCode, 200)
    seen.push(...idsOf(response.json()))
    next = nextPageOf(response)
    app.clock.advance(1)
    await givenEvents(app, 2)
  }
  t.strictSame(seen, idsOf(events))
})

t.test(
  'a walk goes on past events that are acknowledged meanwhile, and shows none of them again',
  async (t) => {
    const app = await buildTestApp(t)
    const events = await givenEvents(app, 20)
    const seen: string[] = []
    for (let next: string | undefined = '/inbox?limit=4'; next !== undefined;) {
      const response = await app.inject({ url: next, headers: app.acme.consumer })
      t.equal(response.statusCode, 200)
      const page = response.json<EventAnswer[]>()
      seen.push(...idsOf(page))
      next = nextPageOf(response)
      // Those of this page, and one that is still to come.
      const ahead = events.find(({ event_id }) => !seen.includes(event_id))
      await Promise.all([...page, ...(ahead ? [ahead] : [])].map((event) => givenAcknowledged(app, event)))
      const polled = await app.inject({ url: '/inbox', headers: app.acme.consumer })
      t.notOk(idsOf(polled.json()).some((id) => seen.includes(id) || id === ahead?.event_id))
      if (ahead) seen.push(ahead.event_id)
    }
    t.strictSame(seen, idsOf(events))
  },
)

t.test('consumers that poll and acknowledge at once see every event and none after its 204', async (t) => {
  const app = await buildTestApp(t)
  const posted = new Set<string>()
  const acknowledged = new Set<string>()
  const produce = async () => {
    for (let n = 0; n < 30; n++) posted.add((await givenEvent(app, { payload: { n } })).event_id)
  }
  const consume = async () => {
    while (acknowledged.size < 60) {
      const gone = new Set(acknowledged)
      const response = await app.inject({ url: '/inbox?limit=10', headers: app.acme.consumer })
      const page = response.json<EventAnswer[]>()
      const again = idsOf(page).filter((id) => gone.has(id))
      if (again.length > 0) t.fail('acknowledged events came again', { again })
      for (const event of page) {
        await givenAcknowledged(app, event)
        acknowledged.add(event.event_id)
      }
    }
  }
  await Promise.all([produce(), produce(), consume(), consume()])
  t.strictSame(acknowledged, posted)
})
