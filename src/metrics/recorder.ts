import type { Clock } from '../domain/clock.ts'
import { addValue, createHistogram, type Histogram } from './histogram.ts'
import type { CounterName, GaugeName, HistogramName } from './names.ts'
import { createWindow, type MetricsWindow } from './window.ts'

/** Where everything is counted. Each method is synchronous, takes the same time whatever was recorded, never throws. */
export interface Recorder {
  count(name: CounterName, by?: number): void
  /** Adds a value to all values of a metric and, with a dimension, once more to those of that dimension. */
  observe(name: HistogramName, value: number, dimension?: string): void
  gauge(name: GaugeName, value: number): void
}

export interface WindowedRecorder extends Recorder {
  /** Ends the window and begins the next one. */
  take(): MetricsWindow
  /** What the window that is open holds so far. */
  peek(): MetricsWindow
}

/** Dimensions come from routes and operations, a few dozen at most: whatever goes beyond is a defect, not memory. */
const MAX_SERIES = 200

/** Histograms by name and dimension: to put a key together for each value costs more than to add the value. */
type Known = Map<HistogramName, Map<string | undefined, Histogram>>

/** @returns The histogram of a new series; undefined where there are too many. */
function addSeries(
  { series }: MetricsWindow,
  name: HistogramName,
  dimension: string | undefined,
): Histogram | undefined {
  if (series.size >= MAX_SERIES) return undefined
  const histogram = createHistogram()
  series.set(dimension === undefined ? name : `${name} ${dimension}`, { name, dimension, histogram })
  return histogram
}

export function createRecorder(clock: Clock): WindowedRecorder {
  let window = createWindow(clock())
  let known: Known = new Map()

  function learn(name: HistogramName, dimension: string | undefined): Histogram | undefined {
    const histogram = addSeries(window, name, dimension)
    const ofName = known.get(name) ?? new Map<string | undefined, Histogram>()
    if (histogram) known.set(name, ofName.set(dimension, histogram))
    return histogram
  }

  function add(name: HistogramName, value: number, dimension?: string): void {
    const histogram = known.get(name)?.get(dimension) ?? learn(name, dimension)
    if (histogram) addValue(histogram, value)
  }

  return {
    count(name, by = 1) {
      if (by > 0) window.counters[name] += by
    },
    observe(name, value, dimension) {
      // Also keeps out NaN, for which there is no bucket.
      if (!(value >= 0)) return
      add(name, value)
      if (dimension !== undefined) add(name, value, dimension)
    },
    gauge(name, value) {
      if (Number.isFinite(value)) window.gauges[name] = value
    },
    take() {
      const ended = window
      ended.to = clock()
      window = createWindow(ended.to)
      known = new Map()
      return ended
    },
    peek: () => ({ ...window, to: clock() }),
  }
}
