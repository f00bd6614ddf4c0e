import type { Test } from 'tap'
import { startHttpSink, type HttpSink, type Received } from './http-sink.ts'

/** A datum as the documentation of PutMetricData names it; nothing here is the service's own code. */
export interface WireDatum {
  MetricName: string
  Unit: string
  Dimensions?: { Name: string; Value: string }[]
  Timestamp: number
  StorageResolution: number
  Value?: number
  Values?: number[]
  Counts?: number[]
}

export interface FakeCloudWatch extends HttpSink {
  /** What every call brought so far, of one metric or of all. */
  data(name?: string): WireDatum[]
  /** The sum of a counter over all calls. */
  sum(name: string): number
}

/** https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricData.html */
export async function startFakeCloudWatch(t: Test, namespace = 'TriggersAPI'): Promise<FakeCloudWatch> {
  const sink = await startHttpSink(t, '{}', 'application/x-amz-json-1.0')
  const data = (name?: string) =>
    sink.received
      .flatMap((call) => readCall(call, namespace))
      .filter((datum) => !name || datum.MetricName === name)
  return Object.assign(sink, {
    data,
    sum: (name: string) => data(name).reduce((sum, { Value = 0 }) => sum + Value, 0),
  })
}

function readCall({ headers, body }: Received, namespace: string): WireDatum[] {
  if (headers['x-amz-target'] !== 'GraniteServiceVersion20100801.PutMetricData')
    throw new Error('Only PutMetricData is known here')
  const { Namespace, MetricData } = JSON.parse(body.toString()) as {
    Namespace: string
    MetricData: WireDatum[]
  }
  if (Namespace !== namespace) throw new Error(`The namespace is ${Namespace}`)
  if (MetricData.length > 1_000 || body.length > 1_048_576) throw new Error('The call is too large')
  return MetricData
}

/** The percentile of values and counts, as CloudWatch weighs them. */
export function percentileOf({ Value, Values, Counts = [1] }: WireDatum, part: number): number {
  const pairs = (Values ?? [Value ?? NaN]).map((value, n) => [value, Counts[n] ?? 1] as const)
  const sorted = pairs.toSorted(([a], [b]) => a - b)
  const rank = Math.ceil(part * sorted.reduce((sum, [, count]) => sum + count, 0))
  let seen = 0
  for (const [value, count] of sorted) if ((seen += count) >= rank) return value
  return NaN
}
