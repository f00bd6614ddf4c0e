/** Loaded into the service before it starts: tells how much is on the heap, when it is asked by message. */
import { PerformanceObserver } from 'node:perf_hooks'
import { getHeapSpaceStatistics } from 'node:v8'

/** Answer to `collect` (after a collection) and to `look` (as it is). Sizes are in bytes. */
export interface HeapState {
  heapUsed: number
  /** What outlived two collections of the young generation, dead or not. */
  oldUsed: number
  /** Collections since the last `collect`. */
  collections: number
}

let collections = 0
new PerformanceObserver((list) => {
  collections += list.getEntries().length
}).observe({ entryTypes: ['gc'] })

const oldUsed = () =>
  getHeapSpaceStatistics().find(({ space_name }) => space_name === 'old_space')?.space_used_size ?? 0

process.on('message', (question) => {
  if (question === 'collect') globalThis.gc?.()
  const used = { heapUsed: process.memoryUsage().heapUsed, oldUsed: oldUsed() }
  // The observer is told of collections a moment later.
  setTimeout(() => {
    process.send?.({ ...used, collections } satisfies HeapState)
    if (question === 'collect') collections = 0
  }, 50)
})
