import fc from 'fast-check'
import t from 'tap'
import { TokenBucket } from '../../src/domain/token-bucket.ts'

t.test('a full bucket lets its burst through, then tells how long to wait', async (t) => {
  const bucket = new TokenBucket(10, 20)
  t.equal(bucket.left(5_000), 20)
  for (let n = 0; n < 20; n++) t.equal(bucket.take(5_000), 0, `${n + 1}`)
  t.equal(bucket.left(5_000), 0)
  t.equal(Math.round(bucket.fullInMs(5_000)), 2_000)
  t.equal(Math.round(bucket.take(5_000)), 100)
  t.equal(Math.round(bucket.take(5_060)), 40, 'refusals take nothing')
  t.equal(bucket.take(5_100), 0)
  t.ok(bucket.take(5_100) > 0)
  t.equal(bucket.left(99_000), 20, 'it is never more than full')
})

t.test('whatever comes when, no window sees more than the burst and what came in meanwhile', async () => {
  const rates = fc.record({
    perSecond: fc.integer({ min: 1, max: 2_000 }),
    burst: fc.integer({ min: 1, max: 500 }),
  })
  const pauses = fc.array(fc.double({ min: 0, max: 300, noNaN: true }), { minLength: 1, maxLength: 300 })
  fc.assert(
    fc.property(rates, pauses, ({ perSecond, burst }, gaps) => {
      const bucket = new TokenBucket(perSecond, burst)
      const taken: number[] = []
      let now = 1_000
      for (const gap of gaps) {
        now += gap
        const left = bucket.left(now)
        const waitMs = bucket.take(now)
        if (waitMs === 0) taken.push(now)
        // It says beforehand what it will do, and a refusal never asks for more than the time of one.
        if (left > 0 !== (waitMs === 0) || waitMs > 1_000 / perSecond + 1e-3) return false
      }
      return taken.every((from, first) =>
        taken
          .slice(first)
          .every((to, count) => count + 1 <= burst + ((to - from) / 1_000) * perSecond + 1e-3),
      )
    }),
    { numRuns: 200 },
  )
})
