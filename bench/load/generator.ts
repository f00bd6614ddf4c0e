/**
 * The load generator: a process of its own that takes one job at a time by message and answers with what it saw.
 *
 * What is counted began and ended while the load was on: requests under way at the start stand for those under way at
 * the end, so that a short run is as true as a long one.
 */
import autocannon from 'autocannon'
import { setTimeout } from 'node:timers/promises'
import { cpuMs, rssMb } from '../proc.ts'
import type { Job, Sample } from './job.ts'

const SETTLE_MS = 500

const percentile = (sorted: number[], part: number) =>
  sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? NaN

/** Counts answers from `begin` to `end`. */
class Counter {
  #latencies: number[] | undefined
  #startedAt = 0
  #server = 0
  #store = 0
  #bytes = 0
  #unexpected = 0
  readonly #job: Job

  constructor(job: Job) {
    this.#job = job
  }

  count(status: number, bytes: number, latencyMs: number): void {
    const { expectedStatus, leastBytes = 0 } = this.#job
    if (!this.#latencies) return
    if (status !== expectedStatus || bytes < leastBytes) this.#unexpected++
    this.#latencies.push(latencyMs)
    this.#bytes = bytes
  }

  fail(): void {
    if (this.#latencies) this.#unexpected++
  }

  begin(): void {
    this.#latencies = []
    this.#server = cpuMs(this.#job.server)
    this.#store = cpuMs(this.#job.store)
    this.#startedAt = performance.now()
  }

  end(used: number): Sample {
    const seconds = (performance.now() - this.#startedAt) / 1000
    const serverCpuMs = cpuMs(this.#job.server) - this.#server
    const storeCpuMs = cpuMs(this.#job.store) - this.#store
    const sorted = Float64Array.from(this.#latencies ?? []).sort()
    this.#latencies = undefined
    return {
      requests: sorted.length,
      seconds,
      p50: percentile([...sorted], 0.5),
      p99: percentile([...sorted], 0.99),
      serverCpuMs,
      storeCpuMs,
      rssMb: rssMb(this.#job.server),
      bytes: this.#bytes,
      unexpected: this.#unexpected,
      used,
    }
  }
}

async function run(job: Job): Promise<Sample> {
  const { method, headers, body, paths, connections } = job
  const counter = new Counter(job)
  let next = 0
  // Who was stopped a moment ago still answers what was under way.
  await setTimeout(SETTLE_MS)
  const setupRequest = (request: autocannon.Request) => {
    if (job.once && next >= paths.length) throw new Error(`All of ${paths.length} paths are used up`)
    return { ...request, path: paths[next++ % paths.length] ?? '/' }
  }
  return new Promise((resolve, reject) => {
    const request = { method, headers, ...(body === undefined ? {} : { body }), setupRequest }
    const options = { url: job.url, connections, duration: 3_600, timeout: 30, requests: [request] }
    const instance = autocannon(options, (error: Error | null) => {
      if (error) reject(error)
    })
    instance.on('response', (_client, status, bytes, latencyMs) => {
      counter.count(status, bytes, latencyMs)
    })
    instance.on('reqError', () => {
      counter.fail()
    })
    void watch(job, counter).then(() => {
      const sample = counter.end(next)
      instance.once('done', () => {
        resolve(sample)
      })
      instance.stop()
    })
  })
}

async function watch({ warmUpMs, measuredMs }: Job, counter: Counter): Promise<void> {
  await setTimeout(warmUpMs)
  counter.begin()
  await setTimeout(measuredMs)
}

process.on('message', (job: Job) => {
  run(job).then(
    (sample) => process.send?.({ sample }),
    (error: unknown) => process.send?.({ error: String(error) }),
  )
})
process.on('uncaughtException', (error) => process.send?.({ error: String(error) }))
