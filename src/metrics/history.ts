import type { Clock } from '../domain/clock.ts'
import { addHistogram, createHistogram, type Histogram } from './histogram.ts'
import { COUNTERS, type GaugeName, type HistogramName } from './names.ts'
import { createWindow, type MetricsWindow } from './window.ts'

/** What is kept of a window: a few hundred numbers, whatever number of routes it had. */
export interface WindowSummary {
  from: number
  to: number
  counters: MetricsWindow['counters']
  gauges: Partial<Record<GaugeName, number>>
  /** All values of each histogram metric. */
  histograms: Record<HistogramName, Histogram>
}

export interface History {
  add(window: MetricsWindow): void
  /** The windows of the last hour, oldest first, and the one that is open as the last. */
  read(open: MetricsWindow): WindowSummary[]
}

const KEPT_MS = 3_600_000
/** An hour of the shortest windows that make sense, so that memory has a bound whatever the interval is. */
const MAX_WINDOWS = 720

function summarize({ from, to, counters, gauges, series }: MetricsWindow): WindowSummary {
  const histogramOf = (name: HistogramName) => series.get(name)?.histogram ?? createHistogram()
  const histograms = {
    ApiLatency: histogramOf('ApiLatency'),
    DynamoDBLatency: histogramOf('DynamoDBLatency'),
  }
  return { from, to, counters, gauges, histograms }
}

export function createHistory(clock: Clock): History {
  let windows: WindowSummary[] = []
  return {
    add(window) {
      const oldest = clock() - KEPT_MS
      windows = [...windows.filter(({ to }) => to > oldest), summarize(window)].slice(-MAX_WINDOWS)
    },
    read: (open) => [...windows.filter(({ to }) => to > clock() - KEPT_MS), summarize(open)],
  }
}

/** @returns All windows as one; of gauges the latest reading counts. */
export function sumWindows(windows: WindowSummary[]): WindowSummary {
  const sum = summarize(createWindow(windows[0]?.from ?? 0))
  for (const { to, counters, gauges, histograms } of windows) {
    sum.to = to
    Object.assign(sum.gauges, gauges)
    for (const name of COUNTERS) sum.counters[name] += counters[name]
    addHistogram(sum.histograms.ApiLatency, histograms.ApiLatency)
    addHistogram(sum.histograms.DynamoDBLatency, histograms.DynamoDBLatency)
  }
  return sum
}
