import { addHistogram, type Histogram } from './histogram.ts'
import { COUNTERS, type CounterName, type GaugeName, type HistogramName } from './names.ts'

/** One histogram: of all values of a metric, or of those with one value of its dimension. */
export interface Series {
  name: HistogramName
  /** The value of the dimension; undefined for the series of all values. */
  dimension: string | undefined
  histogram: Histogram
}

/** What was recorded between two moments (ms). */
export interface MetricsWindow {
  from: number
  to: number
  counters: Record<CounterName, number>
  /** Only what was measured meanwhile: one task of all measures the inbox. */
  gauges: Partial<Record<GaugeName, number>>
  series: Map<string, Series>
}

export function createWindow(from: number): MetricsWindow {
  const counters = Object.fromEntries(COUNTERS.map((name) => [name, 0])) as MetricsWindow['counters']
  return { from, to: from, counters, gauges: {}, series: new Map() }
}

/** @returns Both windows as one; of gauges the later reading counts. Neither is changed. */
export function mergeWindows(earlier: MetricsWindow, later: MetricsWindow): MetricsWindow {
  const merged = createWindow(earlier.from)
  merged.to = later.to
  for (const name of COUNTERS) merged.counters[name] = earlier.counters[name] + later.counters[name]
  merged.gauges = { ...earlier.gauges, ...later.gauges }
  for (const { series } of [earlier, later]) {
    for (const [key, one] of series) {
      const there = merged.series.get(key)
      if (there) addHistogram(there.histogram, one.histogram)
      else merged.series.set(key, { ...one, histogram: one.histogram.slice() })
    }
  }
  return merged
}
