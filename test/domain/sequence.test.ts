import t from 'tap'
import { createSequence } from '../../src/domain/sequence.ts'

t.test('it grows with the clock, within a millisecond and when the clock goes back', async (t) => {
  let now = 5
  const next = createSequence(() => now)
  t.strictSame([next(), next()], [5_000, 5_001])
  now = 7
  t.equal(next(), 7_000)
  now = 6
  t.equal(next(), 7_001)
})
