/** How many values fell into each bucket. */
export type Histogram = Uint32Array

/**
 * 150 buckets, as many as CloudWatch takes in one datum, each a tenth wider than the one before: from 0.04 ms to 64 s
 * a value is never more than 4.9 % away from the middle of its bucket.
 */
const BUCKETS = 150
const SMALLEST = 0.04
const GROWTH = 1.1
const LOG_GROWTH = Math.log(GROWTH)

/** The geometric middle of each bucket: as far from its lower bound as from its upper one. */
const MIDDLES = Array.from(
  { length: BUCKETS },
  (_, bucket) => Math.round(SMALLEST * GROWTH ** (bucket + 0.5) * 1e6) / 1e6,
)

export function createHistogram(): Histogram {
  return new Uint32Array(BUCKETS)
}

export function addValue(histogram: Histogram, value: number): void {
  const bucket = Math.floor(Math.log(value / SMALLEST) / LOG_GROWTH)
  const index = Math.min(Math.max(bucket, 0), BUCKETS - 1)
  histogram[index] = (histogram[index] ?? 0) + 1
}

export function addHistogram(to: Histogram, from: Histogram): void {
  from.forEach((count, bucket) => {
    to[bucket] = (to[bucket] ?? 0) + count
  })
}

export function countOf(histogram: Histogram): number {
  return histogram.reduce((sum, count) => sum + count, 0)
}

/** What CloudWatch takes: the values that occurred, and how often each did. */
export function toValues(histogram: Histogram): { values: number[]; counts: number[] } {
  const used = [...histogram.keys()].filter((bucket) => histogram[bucket])
  return {
    values: used.map((bucket) => MIDDLES[bucket] ?? 0),
    counts: used.map((bucket) => histogram[bucket] ?? 0),
  }
}

/** @returns The value that the given part (0 to 1) of all values does not exceed; null when there are none. */
export function percentile(histogram: Histogram, part: number): number | null {
  const rank = Math.max(1, Math.ceil(part * countOf(histogram)))
  let seen = 0
  const bucket = histogram.findIndex((count) => (seen += count) >= rank)
  return MIDDLES[bucket] ?? null
}
