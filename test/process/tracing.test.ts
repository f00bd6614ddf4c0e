import t from 'tap'
import { CLIENT, ERROR, SERVER, startFakeCollector, type WireSpan } from '../support/fake-collector.ts'
import { startObservedService } from '../support/observed-service.ts'

const ALL = { OTEL_TRACES_SAMPLER_ARG: '1', METRICS_INTERVAL_SECONDS: '60' }

/** A call with the headers, whatever they are. */
async function send(
  url: string,
  key: string,
  options: { body?: object; headers?: Record<string, string>; method?: string },
) {
  const response = await fetch(url, {
    method: options.method ?? (options.body ? 'POST' : 'GET'),
    headers: {
      authorization: `Bearer ${key}`,
      ...(options.body ? { 'content-type': 'application/json' } : {}),
      ...options.headers,
    },
    ...(options.body ? { body: JSON.stringify(options.body) } : {}),
  })
  const text = await response.text()
  return {
    status: response.status,
    body: text === '' ? undefined : (JSON.parse(text) as Record<string, unknown>),
  }
}

const traceparent = (traceId: string, flags = '01') => ({
  traceparent: `00-${traceId}-b7ad6b7169203331-${flags}`,
})
const childrenOf = (spans: WireSpan[], parent: WireSpan) =>
  spans.filter((span) => span.parentSpanId === parent.spanId)

t.test('create, poll and acknowledge are connected traces', async (t) => {
  const collector = await startFakeCollector(t)
  const service = await startObservedService(t, { ...ALL, OTEL_EXPORTER_OTLP_ENDPOINT: collector.endpoint })
  const { keys, url } = service
  const ids = ['1', '2', '3', '4'].map((digit) => digit.repeat(32))
  const created = await send(`${url}/events`, keys.producer, {
    body: { event_type: 'a', payload: { n: 1 } },
    headers: { ...traceparent(ids[0]!), 'idempotency-key': 'once', 'x-request-id': 'mine' },
  })
  t.equal(created.status, 201)
  const eventId = String(created.body?.['event_id'])
  const xray = 'Root=1-22222222-222222222222222222222222;Parent=53995c3f42cd8ad8;Sampled=1'
  t.equal((await send(`${url}/inbox`, keys.consumer, { headers: { 'x-amzn-trace-id': xray } })).status, 200)
  const acknowledge = `${url}/events/${eventId}/acknowledge`
  const balancer = 'Root=1-5759e988-bd862e3fe1be46a994272793'
  t.equal(
    (await send(acknowledge, keys.consumer, { method: 'POST', headers: { 'x-amzn-trace-id': balancer } }))
      .status,
    204,
  )
  await send(`${url}/inbox`, keys.consumer, { headers: traceparent(ids[3]!, '00') })
  await fetch(`${url}/health`)
  await fetch(`${url}/ready`)
  t.equal(await service.stop(), 0)

  const spans = collector.spans()
  const servers = spans.filter(({ kind }) => kind === SERVER)
  t.strictSame(
    servers.map(({ name }) => name),
    ['POST /events', 'GET /inbox', 'POST /events/:event_id/acknowledge'],
  )
  const [create, inbox, ack] = servers
  t.match(create, {
    traceId: ids[0],
    parentSpanId: 'b7ad6b7169203331',
    attributes: {
      'http.request.method': 'POST',
      'http.route': '/events',
      'http.response.status_code': 201,
      'url.path': '/events',
      'triggers.event_id': eventId,
      'triggers.request_id': 'mine',
    },
    resource: { 'service.name': 'triggers-api' },
  })
  t.match(inbox, { traceId: ids[1], parentSpanId: '53995c3f42cd8ad8' })
  t.notOk(ack?.parentSpanId, 'a root alone continues nothing')
  t.match(ack?.attributes, {
    'triggers.amzn_trace_id': balancer,
    'url.path': `/events/${eventId}/acknowledge`,
    'triggers.key_id': /^[0-9a-f]{16}$/,
  })
  // Two look-ups of the key and its tenant, the idempotency record, the event.
  t.strictSame(
    childrenOf(spans, create!).map(({ name, kind, traceId }) => ({ name, kind, traceId })),
    ['GetItem', 'GetItem', 'PutItem', 'PutItem'].map((name) => ({
      name: `DynamoDB.${name}`,
      kind: CLIENT,
      traceId: ids[0],
    })),
  )
  t.match(
    childrenOf(spans, inbox!).map(({ name }) => name),
    // Another key, of a tenant that is known by now.
    ['DynamoDB.GetItem', 'DynamoDB.Query', 'DynamoDB.BatchGetItem'],
  )
  const [update] = childrenOf(spans, ack!)
  t.equal(update?.name, 'DynamoDB.UpdateItem', 'the key is known by now')
  t.match(childrenOf(spans, inbox!)[1]?.attributes, {
    'rpc.system': 'aws-api',
    'rpc.service': 'DynamoDB',
    'rpc.method': 'Query',
    'db.system.name': 'aws.dynamodb',
    'aws.dynamodb.table_names': [/^events-/],
    'aws.dynamodb.index_name': 'InboxIndex',
    'aws.dynamodb.count': 1,
    'aws.request_id': /./,
    'http.response.status_code': 200,
    'server.address': '127.0.0.1',
  })
  t.notOk(
    spans.some(({ traceId }) => traceId === ids[3]),
    'what the caller does not keep is not kept',
  )

  const line = service.lines().find(({ request_id }) => request_id === 'mine')
  t.match(line, { trace_id: ids[0], xray_trace_id: `1-11111111-${'1'.repeat(24)}`, event_id: eventId })
  t.match(
    service.lines().find(({ amzn_trace_id }) => amzn_trace_id === balancer),
    { trace_id: ack?.traceId },
  )
})

t.test('retries and failures are told: attempts, errors, the whole chain on a 5xx', async (t) => {
  const collector = await startFakeCollector(t)
  const service = await startObservedService(t, { ...ALL, OTEL_EXPORTER_OTLP_ENDPOINT: collector.endpoint })
  const { keys, url, proxy } = service
  t.equal((await send(`${url}/inbox`, keys.consumer, {})).status, 200)
  proxy.faults = { throttle: 1 }
  const failed = await send(`${url}/events`, keys.producer, { body: { event_type: 'a', payload: {} } })
  t.equal(failed.status, 503)
  const refused = await send(`${url}/inbox`, keys.consumer, {})
  t.equal(refused.status, 503)
  proxy.faults = {}
  t.equal((await send(`${url}/events/nonsense-SECRET`, keys.consumer, {})).status, 404)
  t.equal((await send(`${url}/nowhere/SECRET?q=SECRET`, keys.consumer, {})).status, 404)
  t.equal(await service.stop(), 0)

  const spans = collector.spans()
  const inbox = spans.find(({ name, status }) => name === 'GET /inbox' && status.code === ERROR)
  t.match(inbox, { status: { message: 'unavailable' }, attributes: { 'error.type': 'unavailable' } })
  t.strictSame(
    inbox?.events.map(({ name }) => name),
    ['exception', 'exception'],
  )
  t.match(inbox?.events[1]?.attributes, { 'exception.type': 'ProvisionedThroughputExceededException' })
  const [query] = childrenOf(spans, inbox!)
  t.match(query, {
    name: 'DynamoDB.Query',
    status: { code: ERROR },
    attributes: { 'error.type': 'ProvisionedThroughputExceededException', 'http.request.resend_count': 2 },
  })
  const missing = spans.filter(({ attributes }) => attributes['http.response.status_code'] === 404)
  t.strictSame(
    missing.map(({ name }) => name),
    ['GET /events/:event_id', 'GET'],
  )
  t.notOk(
    missing.some(({ status }) => status.code === ERROR),
    'a 404 is no failure of the service',
  )
  t.notMatch(JSON.stringify(spans), 'SECRET')

  const line = service.lines().find(({ status, route }) => status === 503 && route === '/inbox')
  t.match(line, {
    level: 'error',
    request_id: refused.body?.['request_id'],
    error: 'unavailable',
    err: { type: 'AppError', cause: { type: 'ProvisionedThroughputExceededException', attempts: 3 } },
  })
})

t.test('five in a hundred are kept unless told otherwise, by the trace id', async (t) => {
  const collector = await startFakeCollector(t)
  const service = await startObservedService(t, { OTEL_EXPORTER_OTLP_ENDPOINT: collector.endpoint })
  for (let n = 0; n < 300; n++) await send(`${service.url}/events/x`, service.keys.consumer, {})
  await service.stop()
  const kept = collector.spans().filter(({ kind }) => kind === SERVER).length
  t.ok(kept < 60, `${kept} of 300`)
})
