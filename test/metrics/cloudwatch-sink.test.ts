import { CloudWatchClient } from '@aws-sdk/client-cloudwatch'
import t, { type Test } from 'tap'
import { createCloudWatchClient, createCloudWatchSink, toCalls } from '../../src/metrics/cloudwatch-sink.ts'
import { toData } from '../../src/metrics/data.ts'
import { createRecorder } from '../../src/metrics/recorder.ts'
import { percentileOf, startFakeCloudWatch } from '../support/fake-cloudwatch.ts'
import { refusingEndpoint } from '../support/http-sink.ts'

process.env['AWS_ACCESS_KEY_ID'] = 'test'
process.env['AWS_SECRET_ACCESS_KEY'] = 'test'

const AT = Date.UTC(2026, 0, 1)
const never = new AbortController().signal

function createSink(t: Test, endpoint: string, isHighResolution = false) {
  const client = createCloudWatchClient({ region: 'eu-west-1', endpoint })
  t.teardown(() => {
    client.destroy()
  })
  return createCloudWatchSink({ client, namespace: 'TriggersAPI', isHighResolution })
}

/** Log-normal, as latencies are. */
function drawLatency(n: number): number {
  const uniform = (seed: number) => ((Math.sin(seed) * 43_758.5453) % 1) ** (2 ** 0.5) || 0.5
  const gauss = Math.sqrt(-2 * Math.log(uniform(n + 1))) * Math.cos(2 * Math.PI * uniform(n * 7 + 3))
  return Math.exp(2.5 + gauss)
}

t.test('what arrives is what happened: names, units, dimensions, percentiles within 5 %', async (t) => {
  const cloudwatch = await startFakeCloudWatch(t)
  const recorder = createRecorder(Date.now)
  const latencies = Array.from({ length: 20_000 }, (_, n) => drawLatency(n))
  for (const latency of latencies) recorder.observe('ApiLatency', latency, 'POST /events')
  // More of it than the client sends uncompressed.
  for (let n = 0; n < 5_000; n++) recorder.observe('DynamoDBLatency', drawLatency(n), `Operation${n % 20}`)
  recorder.count('EventCreated', 20_000)
  recorder.gauge('InboxOldestAge', 1.5)
  const sink = createSink(t, cloudwatch.endpoint)
  t.equal(await sink.send({ at: AT, data: toData(recorder.take()) }, never), 0)

  t.equal(cloudwatch.received.length, 1, 'one call')
  t.equal(cloudwatch.received[0]?.headers['content-encoding'], 'gzip')
  t.strictSame(cloudwatch.data('EventCreated'), [
    { MetricName: 'EventCreated', Unit: 'Count', Timestamp: AT / 1000, StorageResolution: 60, Value: 20_000 },
  ])
  t.match(cloudwatch.data('EventFailed'), [{ Value: 0 }])
  t.match(cloudwatch.data('InboxOldestAge'), [{ Unit: 'Seconds', Value: 1.5 }])
  const [all, byRoute, ...more] = cloudwatch.data('ApiLatency')
  t.strictSame(more, [])
  t.equal(all?.Unit, 'Milliseconds')
  t.notOk(all?.Dimensions)
  t.strictSame(byRoute?.Dimensions, [{ Name: 'Route', Value: 'POST /events' }])
  t.strictSame([byRoute?.Values, byRoute?.Counts], [all?.Values, all?.Counts])
  t.ok(all!.Values!.length <= 150)
  t.equal(
    all!.Counts!.reduce((sum, count) => sum + count, 0),
    20_000,
  )
  const sorted = latencies.toSorted((a, b) => a - b)
  for (const part of [0.5, 0.95, 0.99]) {
    const truth = sorted[Math.ceil(part * sorted.length) - 1]!
    const seen = percentileOf(all!, part)
    t.ok(Math.abs(seen / truth - 1) < 0.05, `p${part * 100}: ${seen} for ${truth}`)
  }
})

t.test('intervals below a minute are stored with high resolution', async (t) => {
  const cloudwatch = await startFakeCloudWatch(t)
  const data = toData(createRecorder(Date.now).take())
  await createSink(t, cloudwatch.endpoint, true).send({ at: AT, data }, never)
  t.equal(cloudwatch.data('Requests')[0]?.StorageResolution, 1)
})

t.test('calls are within the limits of the service', async (t) => {
  const small = Array.from({ length: 2_500 }, (_, n) => ({ MetricName: `m${n}`, Value: 1 }))
  t.strictSame(
    toCalls(small).map((call) => call.length),
    [1_000, 1_000, 500],
  )
  const large = Array.from({ length: 500 }, (_, n) => ({
    MetricName: `m${n}`,
    Values: Array<number>(150).fill(1 / 3),
  }))
  const calls = toCalls(large)
  t.ok(calls.length > 1)
  t.ok(calls.every((call) => JSON.stringify(call).length < 1_048_576))
  t.strictSame(calls.flat(), large)
})

t.test('what is lost after other data arrived is told, and not sent again', async (t) => {
  let calls = 0
  const client = {
    send: async () => {
      if (++calls > 1) throw new Error('away')
    },
    destroy: () => undefined,
  } as unknown as CloudWatchClient
  const sink = createCloudWatchSink({ client, namespace: 'n', isHighResolution: false })
  const [datum] = toData(createRecorder(Date.now).take())
  t.equal(await sink.send({ at: AT, data: Array<NonNullable<typeof datum>>(1_200).fill(datum!) }, never), 200)
  sink.close()
})

t.test('an endpoint that refuses, fails or hangs makes it throw in time', async (t) => {
  const data = toData(createRecorder(Date.now).take())
  await t.rejects(createSink(t, await refusingEndpoint()).send({ at: AT, data }, never))
  const cloudwatch = await startFakeCloudWatch(t)
  cloudwatch.behaviour = 400
  await t.rejects(createSink(t, cloudwatch.endpoint).send({ at: AT, data }, never))
  cloudwatch.behaviour = 'hang'
  const startedAt = Date.now()
  await t.rejects(createSink(t, cloudwatch.endpoint).send({ at: AT, data }, AbortSignal.timeout(300)))
  t.ok(Date.now() - startedAt < 1_000)
})
