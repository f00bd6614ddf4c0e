import t from 'tap'
import type { EventAnswer, EventSummary } from '../../src/schemas/event.ts'
import {
  buildTestApp,
  givenAcknowledged,
  givenEvent,
  givenEvents,
  nextPageOf,
  walk,
  type TestApp,
} from '../support/app.ts'

const queryOf = (parameters: Record<string, string>) => new URLSearchParams(parameters).toString()

const idsOf = (events: { event_id: string }[]) => events.map((event) => event.event_id)

/** Ten events, a second apart from 2100 on, of types `even` and `odd`; every third is delivered. */
async function givenTenEvents(app: TestApp) {
  app.clock.set('2100-01-01T00:00:00.000Z')
  const events: (EventAnswer & { n: number })[] = []
  for (let n = 0; n < 10; n++) {
    events.push({ ...(await givenEvent(app, { event_type: n % 2 === 0 ? 'even' : 'odd' })), n })
    app.clock.advance(1_000)
  }
  for (const event of events.filter(({ n }) => n % 3 === 0)) await givenAcknowledged(app, event)
  return events.map((event): typeof event => ({
    ...event,
    status: event.n % 3 === 0 ? 'delivered' : 'pending',
  }))
}

t.test('a tenant without events has an empty list, and no next page', async (t) => {
  const app = await buildTestApp(t)
  const response = await app.inject({ url: '/events', headers: app.acme.producer })
  t.equal(response.statusCode, 200)
  t.equal(response.body, '[]')
  t.equal(response.headers['link'], undefined)
  t.equal(response.headers['x-next-cursor'], undefined)
})

t.test('summaries come newest first, and of the tenant’s own events alone', async (t) => {
  const app = await buildTestApp(t)
  app.clock.set('2100-01-01T00:00:00.000Z')
  const first = await givenEvent(app, { event_type: 'first', payload: { a: 1 }, metadata: { b: 2 } })
  await givenEvent(app, {}, app.globex)
  app.clock.advance(1)
  const second = await givenEvent(app, { event_type: 'second' })
  app.clock.advance(1)
  await givenAcknowledged(app, first)

  const response = await app.inject({ url: '/events', headers: app.acme.consumer })
  t.equal(response.statusCode, 200)
  t.strictSame(response.json(), [
    {
      event_id: second.event_id,
      event_type: 'second',
      status: 'pending',
      created_at: '2100-01-01T00:00:00.001Z',
      delivered_at: null,
      failed_at: null,
    },
    {
      event_id: first.event_id,
      event_type: 'first',
      status: 'delivered',
      created_at: '2100-01-01T00:00:00.000Z',
      delivered_at: '2100-01-01T00:00:00.002Z',
      failed_at: null,
    },
  ])
})

t.test('every combination of filters keeps what matches all of them, in one page or in many', async (t) => {
  const app = await buildTestApp(t)
  const events = await givenTenEvents(app)
  const statuses = [undefined, 'pending', 'delivered', 'failed']
  const types = [undefined, 'even', 'none']
  // Of events at seconds 0–9: from the third on, up to the seventh, both.
  const moments = [undefined, 2, 7]
  for (const status of statuses) {
    for (const event_type of types) {
      for (const after of moments) {
        for (const before of moments) {
          if (after !== undefined && before !== undefined && after >= before) continue
          const query = queryOf({
            ...(status !== undefined && { status }),
            ...(event_type !== undefined && { event_type }),
            ...(after !== undefined && { created_after: `2100-01-01T00:00:0${after}.000Z` }),
            ...(before !== undefined && { created_before: `2100-01-01T00:00:0${before}.000Z` }),
          })
          const expected = events.filter(
            (event) =>
              (status === undefined || event.status === status) &&
              (event_type === undefined || event.event_type === event_type) &&
              event.n >= (after ?? 0) &&
              event.n < (before ?? 10),
          )
          const whole = await app.inject({ url: `/events?${query}`, headers: app.acme.producer })
          t.equal(whole.statusCode, 200)
          t.strictSame(idsOf(whole.json()), idsOf(expected).toReversed(), `?${query}`)
          const pages = await walk<EventSummary>(app, app.acme.producer, `/events?limit=3&${query}`)
          t.strictSame(idsOf(pages.flat()), idsOf(expected).toReversed(), `?${query}`)
        }
      }
    }
  }
})

t.test(
  'created_after is inclusive and created_before exclusive, to the millisecond, in any offset',
  async (t) => {
    const app = await buildTestApp(t)
    app.clock.set('2100-01-01T00:00:00.500Z')
    await givenEvent(app)
    const cases: [filter: string, matches: boolean][] = [
      ['created_after=2100-01-01T00:00:00.500Z', true],
      ['created_after=2100-01-01T00:00:00.5Z', true],
      ['created_after=2100-01-01t00:00:00.500z', true],
      ['created_after=2100-01-01T02:00:00.500%2B02:00', true],
      ['created_after=2099-12-31T18:30:00.500-05:30', true],
      ['created_after=2100-01-01T00:00:00.500-00:00', true],
      ['created_after=2100-01-01T00:00:00.4999999999Z', true],
      ['created_after=2100-01-01T00:00:00.5000001Z', false],
      ['created_after=2100-01-01T00:00:00.501Z', false],
      ['created_after=2100-01-01T02:00:00.501%2B02:00', false],
      ['created_after=9999-12-31T23:59:59.999Z', false],
      ['created_after=0001-01-01T00:00:00Z', true],
      ['created_after=1969-12-31T23:59:59.999Z', true],
      ['created_before=2100-01-01T00:00:00.500Z', false],
      ['created_before=2100-01-01T00:00:00.501Z', true],
      ['created_before=2100-01-01T00:00:00.5000001Z', true],
      ['created_before=2099-12-31T23:59:60Z', false],
      ['created_before=1969-12-31T23:59:59Z', false],
      ['created_before=9999-12-31T23:59:59Z', true],
      ['created_after=2100-01-01T00:00:00.500Z&created_before=2100-01-01T00:00:00.501Z', true],
      ['created_after=1960-01-01T00:00:00Z&created_before=1961-01-01T00:00:00Z', false],
    ]
    for (const [filter, matches] of cases) {
      for (const status of ['', '&status=pending']) {
        const response = await app.inject({ url: `/events?${filter}${status}`, headers: app.acme.producer })
        t.equal(response.statusCode, 200, filter)
        t.equal(response.json<EventSummary[]>().length, matches ? 1 : 0, `${filter}${status}`)
      }
    }
  },
)

t.test('an interval that is empty is refused', async (t) => {
  const app = await buildTestApp(t)
  for (const [after, before] of [
    ['2100-01-01T00:00:00Z', '2100-01-01T00:00:00Z'],
    ['2100-01-01T00:00:00.001Z', '2100-01-01T00:00:00Z'],
    ['2100-01-01T00:00:00Z', '2100-01-01T01:00:00%2B01:00'],
  ] as const) {
    const response = await app.inject({
      url: `/events?created_after=${after}&created_before=${before}`,
      headers: app.acme.producer,
    })
    t.equal(response.statusCode, 400)
    t.strictSame(response.json(), {
      error: 'invalid_request',
      message: 'The request has an invalid field.',
      details: [
        { field: 'created_before', message: 'must be later than created_after', code: 'empty_interval' },
      ],
      request_id: response.headers['x-request-id'],
    })
  }
})

t.test('filters outside the grammar of their field are refused', async (t) => {
  const app = await buildTestApp(t)
  const refused = [
    'status=',
    'status=PENDING',
    'status=open',
    'status=pending,failed',
    'event_type=',
    'event_type=%20',
    'event_type=-a',
    'event_type=%zz',
    `event_type=${'x'.repeat(101)}`,
    'created_after=',
    'created_after=now',
    'created_after=2100-01-01',
    'created_after=2100-01-01T00:00:00',
    'created_after=2100-01-01T00:00:00+02:00',
    'created_after=2100-01-01%2000:00:00Z',
    'created_after=2100-02-29T00:00:00Z',
    'created_after=2100-13-01T00:00:00Z',
    'created_after=2100-01-01T24:00:00Z',
    'created_after=2100-01-01T00:60:00Z',
    'created_after=2100-01-01T00:00:61Z',
    'created_after=2100-01-01T00:00:00.Z',
    'created_after=2100-01-01T00:00:00%2B24:00',
    'created_after=2100-01-01T00:00Z',
    'created_after=4102444800000',
    'created_before=1',
    'limit=',
    'limit=0',
    'limit=-1',
    'limit=101',
    'limit=1.5',
    'limit=1e1',
    'limit=0x5',
    'limit=%205',
    'limit=ten',
    'limit=99999999999999999999',
  ]
  for (const query of refused) {
    const response = await app.inject({ url: `/events?${query}`, headers: app.acme.producer })
    t.equal(response.statusCode, 400, query)
    const { error, details } = response.json<{ error: string; details: { field: string }[] }>()
    t.equal(error, 'invalid_request', query)
    t.strictSame([...new Set(details.map(({ field }) => field))], [query.split('=')[0]], query)
  }
})

t.test('every faulty parameter is listed', async (t) => {
  const app = await buildTestApp(t)
  const response = await app.inject({
    url: '/events?status=open&event_type=-&created_after=now&limit=0&order=asc',
    headers: app.acme.producer,
  })
  t.equal(response.statusCode, 400)
  t.strictSame(response.json(), {
    error: 'invalid_request',
    message: 'The request has 5 invalid fields.',
    details: [
      { field: 'order', message: 'is not known here', code: 'unknown' },
      {
        field: 'status',
        message: 'must be one of pending, undelivered, delivered, failed',
        code: 'enum',
      },
      { field: 'event_type', message: 'must match ^[A-Za-z0-9][A-Za-z0-9._:/-]{0,99}$', code: 'pattern' },
      {
        field: 'created_after',
        message: 'must be an RFC 3339 date and time (in a URL, write + as %2B)',
        code: 'format',
      },
      { field: 'limit', message: 'must be at least 1', code: 'range' },
    ],
    request_id: response.headers['x-request-id'],
  })
})

t.test('a repeated parameter is refused', async (t) => {
  const app = await buildTestApp(t)
  for (const query of ['limit=5&limit=5', 'limit=5&li%6Dit=6', 'limit=&limit=']) {
    const response = await app.inject({ url: `/events?${query}`, headers: app.acme.producer })
    t.equal(response.statusCode, 400, query)
    t.strictSame(response.json(), {
      error: 'invalid_request',
      message: 'The request has an invalid field.',
      details: [{ field: 'limit', message: 'is given more than once', code: 'repeated' }],
      request_id: response.headers['x-request-id'],
    })
  }
})

t.test('a repeated parameter does not hide the other faults', async (t) => {
  const app = await buildTestApp(t)
  const response = await app.inject({
    url: '/events?limit=5&limit=5&status=open',
    headers: app.acme.producer,
  })
  t.equal(response.statusCode, 400)
  const { details } = response.json<{ details: { field: string; code: string }[] }>()
  t.strictSame(
    details.map(({ field, code }) => `${field} ${code}`),
    ['limit repeated', 'status enum'],
  )
})

t.test('a page has 50 events unless told otherwise, and at most 100', async (t) => {
  const app = await buildTestApp(t)
  const events = await givenEvents(app, 101)
  const newestFirst = idsOf(events).toReversed()
  for (const [query, size] of [
    ['', 50],
    ['?limit=1', 1],
    ['?limit=99', 99],
    ['?limit=100', 100],
  ] as const) {
    const response = await app.inject({ url: `/events${query}`, headers: app.acme.producer })
    t.equal(response.statusCode, 200)
    t.strictSame(idsOf(response.json()), newestFirst.slice(0, size), query)
    t.ok(nextPageOf(response), query)
  }
  const pages = await walk<EventSummary>(app, app.acme.producer, '/events')
  t.strictSame(
    pages.map((page) => page.length),
    [50, 50, 1],
  )
  t.strictSame(idsOf(pages.flat()), newestFirst)
})

t.test('the last page has no link, also when it is full', async (t) => {
  const app = await buildTestApp(t)
  await givenEvents(app, 6)
  for (const query of [
    '',
    '&status=pending',
    '&event_type=order.created',
    '&status=pending&event_type=order.created',
  ]) {
    const pages = await walk<EventSummary>(app, app.acme.producer, `/events?limit=3${query}`)
    t.strictSame(
      pages.map((page) => page.length),
      [3, 3],
      query,
    )
  }
})

t.test('Link carries every filter and the limit, and X-Next-Cursor its cursor', async (t) => {
  const app = await buildTestApp(t)
  app.clock.set('2100-01-01T00:00:00.000Z')
  await givenEvents(app, 3, { event_type: 'a:b/c' })
  const filters = {
    status: 'pending',
    event_type: 'a:b/c',
    created_after: '2100-01-01T01:00:00+01:00',
    created_before: '2100-01-02T00:00:00.5Z',
  }
  const response = await app.inject({
    url: `/events?limit=2&${queryOf(filters)}`,
    headers: app.acme.producer,
  })
  t.equal(response.statusCode, 200)
  const next = nextPageOf(response)
  t.ok(next?.startsWith('/events?'), 'it is relative to the host')
  const { pathname, searchParams } = new URL(next ?? '', 'http://any.example')
  t.equal(pathname, '/events')
  t.strictSame(Object.fromEntries(searchParams), {
    ...filters,
    limit: '2',
    cursor: response.headers['x-next-cursor'],
  })

  const last = await app.inject({ url: next ?? '', headers: app.acme.producer })
  t.equal(last.statusCode, 200)
  t.equal(last.json<EventSummary[]>().length, 1)
  t.equal(nextPageOf(last), undefined)
})

t.test('a page may be empty and still have a link', async (t) => {
  const app = await buildTestApp(t)
  const rare = await givenEvent(app, { event_type: 'rare' })
  await Promise.all(Array.from({ length: 175 }, () => givenEvent(app)))
  const pages = await walk<EventSummary>(app, app.acme.producer, '/events?event_type=rare&limit=1')
  t.ok(pages.length > 1, `${pages.length} pages`)
  t.strictSame(pages[0], [])
  t.strictSame(idsOf(pages.flat()), [rare.event_id])
})

t.test('a walk gives each event once, newest first, while others are written and change', async (t) => {
  const app = await buildTestApp(t)
  app.clock.set('2100-01-01T00:00:00.000Z')
  const events = await givenEvents(app, 25)
  const seen: string[] = []
  let toAcknowledge = 0
  for (let next: string | undefined = '/events?limit=4'; next !== undefined;) {
    const response = await app.inject({ url: next, headers: app.acme.producer })
    t.equal(response.statusCode, 200)
    seen.push(...idsOf(response.json()))
    next = nextPageOf(response)
    app.clock.advance(1)
    await Promise.all([
      givenEvents(app, 3),
      ...events.slice(toAcknowledge, (toAcknowledge += 3)).map((event) => givenAcknowledged(app, event)),
    ])
  }
  t.strictSame(seen, idsOf(events).toReversed())
})

t.test('walks at the same time as many writers lose and repeat nothing', async (t) => {
  const app = await buildTestApp(t)
  const before = await Promise.all(Array.from({ length: 40 }, () => givenEvent(app)))
  const writers = Promise.all(Array.from({ length: 40 }, () => givenEvent(app)))
  const walks = await Promise.all(
    Array.from({ length: 4 }, () => walk<EventSummary>(app, app.acme.producer, '/events?limit=5')),
  )
  await writers
  for (const pages of walks) {
    const seen = idsOf(pages.flat())
    t.equal(new Set(seen).size, seen.length, 'nothing comes twice')
    t.strictSame(seen, seen.toSorted().toReversed(), 'newest first')
    const missing = idsOf(before).filter((id) => !seen.includes(id))
    t.strictSame(missing, [], 'nothing that was there is missing')
  }
})
