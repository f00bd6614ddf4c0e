import t from 'tap'
import { percentileOf, startFakeCloudWatch } from '../support/fake-cloudwatch.ts'
import { startObservedService } from '../support/observed-service.ts'
import { createHttpClient } from '../support/service.ts'

t.test('CloudWatch is told what happened, and /stats tells the same', async (t) => {
  const cloudwatch = await startFakeCloudWatch(t)
  const service = await startObservedService(t, {
    METRICS_SINK: 'cloudwatch',
    METRICS_INTERVAL_SECONDS: '1',
    CLOUDWATCH_ENDPOINT: cloudwatch.endpoint,
  })
  const { url, keys, proxy } = service
  const call = createHttpClient(t)
  const latencies: number[] = []
  const ids: string[] = []
  for (let n = 0; n < 60; n++) {
    const { body } = await call('POST', `${url}/events`, keys.producer, { event_type: 'a', payload: {} })
    ids.push((body as { event_id: string }).event_id)
  }
  await cloudwatch.waitFor(() => (cloudwatch.data('InboxDepth').at(-1)?.Value ?? 0) === 60)
  t.ok(cloudwatch.data('InboxOldestAge').at(-1)!.Value! < 15)
  for (const id of ids.slice(0, 40)) await call('POST', `${url}/events/${id}/acknowledge`, keys.consumer)
  await call('POST', `${url}/events/${ids[0]!}/acknowledge`, keys.consumer)
  await call('GET', `${url}/events/none-such`, keys.consumer)
  await call('GET', `${url}/no/such/path`, keys.consumer)
  await call('GET', `${url}/events/%zz`, keys.consumer)
  await call('GET', `${url}/health`)
  proxy.faults = { throttle: 1 }
  t.equal((await call('GET', `${url}/inbox`, keys.consumer)).status, 503)
  proxy.faults = {}
  const stats = await call('GET', `${url}/stats`, keys.admin)
  t.equal(stats.status, 200)
  t.equal((await call('GET', `${url}/stats`, keys.consumer)).status, 403)
  t.equal(await service.stop(), 0)

  const count = Object.fromEntries(
    [
      'EventCreated',
      'EventDelivered',
      'EventFailed',
      'Requests',
      'ClientErrors',
      'ServerErrors',
      'MetricsDropped',
    ].map((name) => [name, cloudwatch.sum(name)]),
  )
  t.strictSame(count, {
    EventCreated: 60,
    EventDelivered: 40,
    EventFailed: 0,
    Requests: 60 + 41 + 3 + 1 + 2,
    ClientErrors: 4,
    ServerErrors: 1,
    MetricsDropped: 0,
  })
  t.ok(cloudwatch.sum('DynamoDBThrottles') >= 3, 'each attempt that was refused')
  const routes = new Set(
    cloudwatch.data('ApiLatency').flatMap(({ Dimensions = [] }) => Dimensions.map(({ Value }) => Value)),
  )
  t.strictSame([...routes].toSorted(), [
    'GET /events/:event_id',
    'GET /inbox',
    'GET /stats',
    'POST /events',
    'POST /events/:event_id/acknowledge',
    'unmatched',
  ])
  const operations = cloudwatch.data('DynamoDBLatency').flatMap(({ Dimensions = [] }) => Dimensions)
  t.ok(operations.some(({ Name, Value }) => Name === 'Operation' && Value === 'PutItem'))
  t.notMatch(JSON.stringify(cloudwatch.data()), 'acme', 'no tenant anywhere')
  // What the log says of each request is measured at the same moment.
  for (const { route, method, duration_ms } of service.lines()) {
    if (route === '/events' && method === 'POST') latencies.push(Number(duration_ms))
  }
  const data = cloudwatch
    .data('ApiLatency')
    .filter(({ Dimensions = [] }) => Dimensions[0]?.Value === 'POST /events')
  const pooled = {
    ...data[0]!,
    Values: data.flatMap(({ Value, Values = [Value!] }) => Values),
    Counts: data.flatMap(({ Counts = [1] }) => Counts),
  }
  const sorted = latencies.toSorted((a, b) => a - b)
  for (const part of [0.5, 0.95, 0.99]) {
    const truth = sorted[Math.ceil(part * sorted.length) - 1]!
    t.ok(Math.abs(percentileOf(pooled, part) / truth - 1) < 0.05, `p${part * 100} of ${sorted.length}`)
  }

  t.match(stats.body, {
    total: {
      events: { created: 60, delivered: 40, failed: 0, claimed: 0 },
      requests: { client_errors: 3, server_errors: 1, latency_ms: { count: 104 } },
      dropped: { metrics: 0, log_lines: 0 },
    },
  })
  const { total, windows } = stats.body as { total: { inbox: { depth: number } }; windows: unknown[] }
  t.ok(windows.length >= 2)
  t.ok(total.inbox.depth >= 20)
})

t.test('as embedded metrics they are lines among the logs', async (t) => {
  const service = await startObservedService(t, { METRICS_SINK: 'emf', METRICS_NAMESPACE: 'Other' })
  const call = createHttpClient(t)
  await call('POST', `${service.url}/events`, service.keys.producer, { event_type: 'a', payload: {} })
  t.equal(await service.stop(), 0)
  const [metrics] = service.lines().filter((line) => '_aws' in line)
  t.match(metrics, { _aws: { CloudWatchMetrics: [{ Namespace: 'Other' }] }, EventCreated: 1, Requests: 1 })
})
