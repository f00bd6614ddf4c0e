import type { Datum } from './data.ts'
import type { Batch, Sink } from './sink.ts'

export interface EmfSinkOptions {
  namespace: string
  isHighResolution: boolean
  writeLine: (line: string) => void
}

/** https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html */
const MAX_METRICS = 100
const MAX_VALUES = 100

/** Cuts histograms into parts of as many values as a metric may have. */
function toParts(datum: Datum): Datum[] {
  const parts = Array.from(
    { length: Math.ceil(datum.values.length / MAX_VALUES) },
    (_, part) => part * MAX_VALUES,
  )
  return parts.map((start) => ({
    ...datum,
    values: datum.values.slice(start, start + MAX_VALUES),
    counts: datum.counts.slice(start, start + MAX_VALUES),
  }))
}

/** A line names each metric once and has one value of each dimension: data are spread over as few lines as that takes. */
function toLines(data: Datum[]): Datum[][] {
  const lines = new Map<string, Datum[][]>()
  for (const datum of data.flatMap(toParts)) {
    const group = lines.get(datum.dimension?.value ?? '') ?? []
    lines.set(datum.dimension?.value ?? '', group)
    const free = group.find(
      (line) => line.length < MAX_METRICS && line.every(({ name }) => name !== datum.name),
    )
    if (free) free.push(datum)
    else group.push([datum])
  }
  return [...lines.values()].flat()
}

function toDocument(line: Datum[], at: number, { namespace, isHighResolution }: EmfSinkOptions): object {
  const dimension = line[0]?.dimension
  return {
    _aws: {
      Timestamp: at,
      CloudWatchMetrics: [
        {
          Namespace: namespace,
          Dimensions: [dimension ? [dimension.name] : []],
          Metrics: line.map(({ name, unit }) => ({
            Name: name,
            Unit: unit,
            StorageResolution: isHighResolution ? 1 : 60,
          })),
        },
      ],
    },
    ...(dimension ? { [dimension.name]: dimension.value } : {}),
    ...Object.fromEntries(
      line.map(({ name, values, counts }) => [
        name,
        values.length === 1 && counts[0] === 1 ? values[0] : { Values: values, Counts: counts },
      ]),
    ),
  }
}

/**
 * CloudWatch's embedded metric format: lines on stdout, of which CloudWatch Logs makes the same metrics. For tasks that
 * may not call CloudWatch. A flush is one line, and one more for each value of a dimension.
 */
export function createEmfSink(options: EmfSinkOptions): Sink {
  return {
    async send({ at, data }: Batch) {
      for (const line of toLines(data)) options.writeLine(JSON.stringify(toDocument(line, at, options)))
      return 0
    },
    close: () => undefined,
  }
}
