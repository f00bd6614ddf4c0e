/** Loaded into the service before it starts: tells how much is on the heap, when it is asked by message. */
import { PerformanceObserver } from 'node:perf_hooks'

/** Answer to `collect` (after a collection) and to `look` (as it is). */
export interface HeapState {
  heapUsed: number
  /** Collections since the last `collect`. */
  collections: number
}

let collections = 0
new PerformanceObserver((list) => {
  collections += list.getEntries().length
}).observe({ entryTypes: ['gc'] })

process.on('message', (question) => {
  if (question === 'collect') globalThis.gc?.()
  const { heapUsed } = process.memoryUsage()
  // The observer is told of collections a moment later.
  setTimeout(() => {
    process.send?.({ heapUsed, collections } satisfies HeapState)
    if (question === 'collect') collections = 0
  }, 50)
})
