import { toValues } from './histogram.ts'
import { METRICS, type MetricName } from './names.ts'
import type { MetricsWindow } from './window.ts'

/** One metric of one window, as every sink takes it. */
export interface Datum {
  name: MetricName
  unit: 'Count' | 'Seconds' | 'Milliseconds'
  dimension: { name: string; value: string } | undefined
  values: number[]
  /** How often each of the values occurred. */
  counts: number[]
}

function dimensionOf(name: MetricName, value: string | undefined): Datum['dimension'] {
  const definition = METRICS[name]
  return value !== undefined && 'dimension' in definition ? { name: definition.dimension, value } : undefined
}

function datum(name: MetricName, values: number[], counts: number[], dimension?: string): Datum {
  return { name, unit: METRICS[name].unit, dimension: dimensionOf(name, dimension), values, counts }
}

/** Zeros of counters are told too: a line at zero says more than a gap. */
export function toData({ counters, gauges, series }: MetricsWindow): Datum[] {
  const numbers = Object.entries({ ...counters, ...gauges }) as [MetricName, number][]
  return [
    ...numbers.map(([name, value]) => datum(name, [value], [1])),
    ...[...series.values()].map(({ name, dimension, histogram }) => {
      const { values, counts } = toValues(histogram)
      return datum(name, values, counts, dimension)
    }),
  ]
}
