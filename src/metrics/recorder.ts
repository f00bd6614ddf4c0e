import type { Clock } from '../domain/clock.ts'
import { addValue, createHistogram } from './histogram.ts'
import type { CounterName, GaugeName, HistogramName } from './names.ts'
import { createWindow, type MetricsWindow, type Series } from './window.ts'

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

function seriesOf({ series }: MetricsWindow, name: HistogramName, dimension?: string): Series | undefined {
  const key = dimension === undefined ? name : `${name} ${dimension}`
  let found = series.get(key)
  if (!found && series.size < MAX_SERIES) {
    found = { name, dimension, histogram: createHistogram() }
    series.set(key, found)
  }
  return found
}

export function createRecorder(clock: Clock): WindowedRecorder {
  let window = createWindow(clock())

  function add(name: HistogramName, value: number, dimension?: string): void {
    const series = seriesOf(window, name, dimension)
    if (series) addValue(series.histogram, value)
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
      return ended
    },
    peek: () => ({ ...window, to: clock() }),
  }
}
