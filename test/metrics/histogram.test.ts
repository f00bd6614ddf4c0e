import fc from 'fast-check'
import t from 'tap'
import {
  addHistogram,
  addValue,
  countOf,
  createHistogram,
  percentile,
  toValues,
} from '../../src/metrics/histogram.ts'

function histogramOf(values: number[]) {
  const histogram = createHistogram()
  for (const value of values) addValue(histogram, value)
  return histogram
}

t.test('a value is at most 4.9 % away from what is told of it', async (t) => {
  fc.assert(
    fc.property(fc.double({ min: 0.04, max: 60_000, noNaN: true }), (value) => {
      const { values, counts } = toValues(histogramOf([value]))
      return counts.length === 1 && counts[0] === 1 && Math.abs(values[0]! / value - 1) < 0.049
    }),
  )
  t.pass('for any value from 0.04 ms to a minute')
})

t.test('percentiles of any values are within 5 % of the truth', async (t) => {
  fc.assert(
    fc.property(
      fc.array(fc.double({ min: 0.1, max: 5_000, noNaN: true }), { minLength: 1, maxLength: 500 }),
      (values) => {
        const sorted = values.toSorted((a, b) => a - b)
        const histogram = histogramOf(values)
        return [0.5, 0.95, 0.99].every((part) => {
          const truth = sorted[Math.ceil(part * sorted.length) - 1]!
          return Math.abs(percentile(histogram, part)! / truth - 1) < 0.05
        })
      },
    ),
  )
  t.pass()
})

t.test(
  'what is outside of the buckets goes into the first and the last, and one datum always fits',
  async (t) => {
    const histogram = histogramOf([0, 1e-9, 1e9, Infinity])
    t.strictSame(toValues(histogram).counts, [2, 2])
    for (let ms = 0.01; ms < 1e6; ms *= 1.01) addValue(histogram, ms)
    t.ok(toValues(histogram).values.length <= 150)
  },
)

t.test('nothing has no percentile; sums add up', async (t) => {
  t.equal(percentile(createHistogram(), 0.5), null)
  const sum = histogramOf([1, 2])
  addHistogram(sum, histogramOf([2, 3]))
  t.equal(countOf(sum), 4)
  t.strictSame(toValues(sum), toValues(histogramOf([1, 2, 2, 3])))
})
