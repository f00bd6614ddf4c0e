import {
  CloudWatchClient,
  PutMetricDataCommand,
  type MetricDatum,
  type PutMetricDataCommandInput,
} from '@aws-sdk/client-cloudwatch'
import type { Datum } from './data.ts'
import type { Batch, Sink } from './sink.ts'

export interface CloudWatchOptions {
  region: string | undefined
  /** Undefined for AWS. */
  endpoint: string | undefined
}

export interface CloudWatchSinkOptions {
  client: CloudWatchClient
  namespace: string
  /** Whether seconds are kept apart for three hours, rather than minutes. */
  isHighResolution: boolean
}

/** https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricData.html */
const MAX_DATA = 1_000
const MAX_BYTES = 1_000_000
const TIMEOUT_MS = 3_000

/** A client of its own: a CloudWatch that hangs takes no socket and no retry from the requests. */
export function createCloudWatchClient({ region, endpoint }: CloudWatchOptions): CloudWatchClient {
  return new CloudWatchClient({
    ...(region === undefined ? {} : { region }),
    ...(endpoint === undefined ? {} : { endpoint }),
    maxAttempts: 2,
    requestHandler: {
      connectionTimeout: TIMEOUT_MS,
      requestTimeout: TIMEOUT_MS,
      throwOnRequestTimeout: true,
      socketTimeout: TIMEOUT_MS,
      httpsAgent: { keepAlive: true, maxSockets: 2 },
    },
  })
}

/** `Values` and `Counts`, never `StatisticValues`: of those CloudWatch computes no percentiles. */
function toMetricDatum(
  { name, unit, dimension, values, counts }: Datum,
  options: { at: Date; resolution: number },
) {
  return {
    MetricName: name,
    Unit: unit,
    ...(dimension ? { Dimensions: [{ Name: dimension.name, Value: dimension.value }] } : {}),
    Timestamp: options.at,
    StorageResolution: options.resolution,
    ...(values.length === 1 && counts[0] === 1 ? { Value: values[0] } : { Values: values, Counts: counts }),
  } satisfies MetricDatum
}

/** Cuts the data into calls that are within the limits of the service. */
export function toCalls(data: MetricDatum[]): MetricDatum[][] {
  const calls: MetricDatum[][] = []
  let bytes = Infinity
  for (const datum of data) {
    const size = JSON.stringify(datum).length + 1
    const current = calls.at(-1)
    if (!current || current.length === MAX_DATA || bytes + size > MAX_BYTES) {
      calls.push([datum])
      bytes = size
    } else {
      current.push(datum)
      bytes += size
    }
  }
  return calls
}

export function createCloudWatchSink({ client, namespace, isHighResolution }: CloudWatchSinkOptions): Sink {
  const resolution = isHighResolution ? 1 : 60

  async function send({ at, data }: Batch, abortSignal: AbortSignal): Promise<number> {
    let arrived = 0
    const options = { at: new Date(at), resolution }
    for (const MetricData of toCalls(data.map((datum) => toMetricDatum(datum, options)))) {
      const input: PutMetricDataCommandInput = { Namespace: namespace, MetricData }
      try {
        await client.send(new PutMetricDataCommand(input), { abortSignal })
      } catch (error) {
        if (arrived === 0) throw error
        break
      }
      arrived += MetricData.length
    }
    return data.length - arrived
  }

  return {
    send,
    close: () => {
      client.destroy()
    },
  }
}
